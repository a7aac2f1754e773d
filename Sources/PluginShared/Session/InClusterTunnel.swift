public import Kubernetes

/// What the in-cluster side does with the sessions of a tunnel, and when: facts in, orders out, time as an argument. Each
/// session is an ``InClusterSession``; here is decided what its end means to the others.
public struct InClusterTunnel: Sendable {
    /// A fact.
    public enum Event: Sendable {
        /// The Leases of the Service were listed.
        case leasesRead([Lease])
        /// The origin Service was read; `nil` when it is gone.
        case originRead(Service?)
        /// What a session's laptop says, or its link.
        case session(SessionID, InClusterSession.Event)
        /// A session that left is gone, with its Lease.
        case left(SessionID)
        /// Others have come before the tunnel was marked as ending.
        case othersCame
        /// A laptop has restored the Service, and every connection here has come to its end.
        case drainedForLaptop
        /// The pod was asked to terminate (SIGTERM).
        case terminationRequested
    }

    /// An order.
    public enum Order: Sendable, Equatable {
        /// From now on these laptops may connect; the first of those that want a port has it.
        case use([TunnelMember])
        /// Write this into a session's Lease.
        case write(SessionState, TunnelMember)
        /// End the connections that a session's laptop has, and delete its Lease: ``Event/left(_:)``. Others do not notice.
        case leave(TunnelMember, InClusterSession.Reason, RestoreCause)
        /// Unless others have come: restore the Service, drain, and delete what the tunnel has.
        case end(TunnelMember, InClusterSession.Reason, RestoreCause)
        /// Take back that this session ends the tunnel: it is gone, and did not.
        case takeMarkBack(from: String)
        /// Restore the Service and drain; the sessions continue with the next pod.
        case restoreAndDrain
        /// Nothing is left to do.
        case exit
    }

    /// The tunnel.
    public let id: SessionID
    private var members: [SessionID: TunnelMember]
    private var sessions: [SessionID: InClusterSession]
    /// Those whose connections come to their end.
    private var leaving: Set<SessionID> = []
    /// What was last ordered to be used.
    private var used: [TunnelMember] = []
    private var hasReadLeases = false
    /// The public key of this pod's proxy.
    private let key: String
    /// The sessions whose Leases had this proxy's key.
    private var connected: Set<SessionID> = []
    private var isEnding = false
    /// The last session, whose end is the tunnel's.
    private var ending: (session: SessionID, reason: InClusterSession.Reason)?
    /// How often the Leases should be read.
    public private(set) var interval: Duration

    /// A tunnel of one session; the others come with the Leases.
    ///
    /// - Parameter key: The public key of this pod's proxy.
    public init(_ maker: TunnelMember, durationSeconds: Int, key: String) {
        self.id = maker.holder.session
        self.key = key
        let session = InClusterSession(holder: maker.holder, durationSeconds: durationSeconds)
        self.members = [self.id: maker]
        self.sessions = [self.id: session]
        self.interval = session.interval
        self.used = [maker]
    }

    /// What each session's Lease should say, where that is known.
    public var states: [(member: TunnelMember, state: SessionState)] {
        self.members.values.compactMap { member in
            let session = member.holder.session
            guard !self.leaving.contains(session), self.rival(of: session) == nil else { return nil }
            return self.sessions[session]?.state.map { (member, $0) }
        }
    }

    /// Whether no other session than one has the tunnel.
    public var isAlone: Bool { self.members.count == 1 }

    /// The sessions that may connect now, the older claim first.
    public var current: [TunnelMember] { self.used }

    /// Whether a laptop that was connected to this pod has another one: this one's node was lost, say, and is back. Then the Service
    /// is the other's, and this one has no say in it. A pod that never had a laptop may be the only one that is left.
    public func isSuperseded(by leases: [Lease]) -> Bool {
        leases.contains { lease in
            guard let key = lease.metadata.annotation(Key.proxyKey), let session = lease.holder?.session else {
                return false
            }
            return key != self.key && self.connected.contains(session)
        }
    }

    /// Whether a session's Lease had this proxy's key.
    public func hasConnected(_ session: SessionID) -> Bool { self.connected.contains(session) }

    /// Takes a fact in.
    ///
    /// - Parameter now: Monotonic time since any fixed moment.
    public mutating func handle(_ event: Event, now: Duration) -> [Order] {
        switch event {
        case .leasesRead(let leases): return self.leasesRead(leases, now: now)
        case .originRead(let origin): return self.originRead(origin, now: now)
        case .session(let session, let event): return self.session(session, event, now: now)
        case .left(let session): return self.left(session)
        case .othersCame: return self.othersCame()
        case .drainedForLaptop, .terminationRequested: return self.tellAll(event, now: now)
        }
    }

    // MARK: Leases

    private mutating func leasesRead(_ leases: [Lease], now: Duration) -> [Order] {
        guard !self.isEnding else { return [] }
        self.hasReadLeases = true
        self.welcome(leases)
        var orders: [Order] = []
        for member in self.members.values {
            let session = member.holder.session
            // One whose holder cannot be read is still its session's.
            let found = leases.first { $0.isHeld(by: session) }
            guard let lease = found ?? leases.first(where: { $0.metadata.name == member.lease && $0.holder == nil })
            else {
                orders += self.tell(.leaseMissing, to: session, now: now)
                continue
            }
            if lease.metadata.annotation(Key.proxyKey) == self.key { self.connected.insert(session) }
            orders += self.tell(.leaseRead(lease), to: session, now: now)
            if lease.isHeld(by: session) { self.members[session]?.take(lease) }
        }
        if let (session, reason) = self.ending, let member = self.members[session], !self.isEnding {
            orders += self.end(member, reason)
        }
        return self.isEnding ? orders : self.use() + orders
    }

    private mutating func originRead(_ origin: Service?, now: Duration) -> [Order] {
        guard let origin else {
            // While a laptop answers, it hears of it too, and ends its session in its own words.
            guard !self.sessions.values.contains(where: \.linkIsUp) else { return [] }
            return self.members.keys.flatMap { self.tell(.originMissing, to: $0, now: now) }
        }
        guard !self.isEnding, case .ending(self.id, let session) = TunnelState(origin: origin), self.hasReadLeases,
            self.members.keys.contains(where: { !self.leaving.contains($0) }),
            SessionID(session).map({ self.members[$0] == nil }) ?? true
        else { return [] }
        return [.takeMarkBack(from: session)]
    }

    /// Those that have come are known before anybody goes.
    private mutating func welcome(_ leases: [Lease]) {
        for lease in leases where lease.isMember(of: self.id) {
            guard let member = TunnelMember(lease), self.members[member.holder.session] == nil else { continue }
            let seconds = lease.spec.leaseDurationSeconds ?? LeaseClock.usualSeconds
            let session = InClusterSession(holder: member.holder, durationSeconds: seconds)
            self.members[member.holder.session] = member
            self.sessions[member.holder.session] = session
            self.interval = min(self.interval, session.interval)
        }
    }

    /// Who has a port that this session wants; `nil` for nobody else.
    public func rival(of session: SessionID) -> TunnelMember? {
        guard let mine = self.members[session] else { return nil }
        return self.used.prefix { $0.holder.session != session }.first { $0.rivals(mine) }
    }

    // MARK: Sessions

    private mutating func session(_ session: SessionID, _ event: InClusterSession.Event, now: Duration) -> [Order] {
        let orders = self.tell(event, to: session, now: now)
        guard case .linkUp = event else { return orders }
        // Its plugin is told, and ends it.
        if self.rival(of: session) != nil { return [] }
        self.members[session]?.establish()
        return orders
    }

    private mutating func tell(
        _ event: InClusterSession.Event, to session: SessionID, now: Duration
    ) -> [Order] {
        guard let member = self.members[session], !self.leaving.contains(session),
            let orders = self.sessions[session]?.handle(event, now: now)
        else { return [] }
        return orders.flatMap { self.carry($0, member) }
    }

    private mutating func carry(_ order: InClusterSession.Order, _ member: TunnelMember) -> [Order] {
        switch order {
        case .write(let state): return [.write(state, member)]
        case .end(let reason): return self.end(member, reason)
        case .restoreAndDrain: return [.restoreAndDrain]
        case .exit: return [.exit]
        }
    }

    private mutating func end(_ member: TunnelMember, _ reason: InClusterSession.Reason) -> [Order] {
        let session = member.holder.session
        let others = self.members.keys.filter { $0 != session && !self.leaving.contains($0) }
        guard let cause = self.sessions[session]?.cause(reason) else { return [] }
        guard others.isEmpty else {
            self.leaving.insert(session)
            if self.ending?.session == session { self.ending = nil }
            return self.use() + [.leave(member, reason, cause)]
        }
        self.isEnding = true
        self.ending = (session, reason)
        return [.end(member, reason, cause)]
    }

    /// The next read of the Leases says who they are.
    private mutating func othersCame() -> [Order] {
        self.isEnding = false
        return []
    }

    private mutating func left(_ session: SessionID) -> [Order] {
        self.leaving.remove(session)
        self.members[session] = nil
        self.sessions[session] = nil
        return self.use()
    }

    private mutating func tellAll(_ event: Event, now: Duration) -> [Order] {
        var orders: [Order] = []
        for session in self.members.keys {
            let inner: InClusterSession.Event
            if case .drainedForLaptop = event { inner = .drainedForLaptop } else { inner = .terminationRequested }
            for order in self.tell(inner, to: session, now: now) where !orders.contains(order) { orders.append(order) }
        }
        if case .terminationRequested = event, !self.isEnding {
            self.isEnding = true
            // Whose session has ended says nothing any more, and the Service goes back all the same.
            if !orders.contains(.restoreAndDrain), !orders.contains(.exit) { orders.append(.restoreAndDrain) }
        }
        // What is written comes before the restore that it explains.
        return orders.filter(\.isWrite) + orders.filter { !$0.isWrite }
    }

    /// A session that leaves keeps its link, and has no port any more.
    private mutating func use() -> [Order] {
        let sorted = self.members.values.sorted { $0.precedes($1) }
        let members = sorted.map { self.leaving.contains($0.holder.session) ? $0.withoutPorts : $0 }
        guard members != self.used else { return [] }
        self.used = members
        return [.use(members)]
    }
}

extension InClusterTunnel.Order {
    fileprivate var isWrite: Bool { if case .write = self { true } else { false } }
}
