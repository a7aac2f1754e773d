public import Kubernetes

/// How a session gets into a tunnel: what was read goes in, the next step comes out.
///
/// The holder of the first slot makes the tunnel where there is none; everybody else joins it. A session creates its Lease,
/// and reads again before it believes in the tunnel; who ends one marks it, and then lists the Leases: one of both always
/// sees the other.
public struct TunnelEntry: Sendable {
    /// What was read, the Leases first.
    public struct Look: Sendable {
        /// The Leases of the Service.
        public var leases: [Lease]
        /// The origin Service; `nil` while there is none.
        public var origin: Service?

        /// A look.
        public init(leases: [Lease], origin: Service?) {
            self.leases = leases
            self.origin = origin
        }
    }

    /// What to do.
    public enum Step: Sendable, Equatable {
        /// Create the Lease of this slot, for this tunnel, and look again; also when another session was quicker.
        case createLease(slot: Int, tunnel: SessionID)
        /// Delete the session's Lease, and look again.
        case startOver
        /// Make the tunnel.
        case make
        /// Take part in this tunnel.
        case join(SessionID)
        /// Look again soon: a tunnel ends, or another session makes one.
        case wait
        /// Another session has a port.
        case taken(by: Lease)
        /// It cannot be.
        case refuse(Refusal)
    }

    private let holder: Holder
    private let names: SessionNames
    private let wish: PortWish
    /// Whether other sessions may have its ports for now.
    private let takesOver: Bool

    /// The entry of a session.
    ///
    /// - Parameter wish: What it wants of the Service.
    public init(holder: Holder, service: String, wish: PortWish, takesOver: Bool) {
        self.holder = holder
        self.names = SessionNames(service: service)
        self.wish = wish
        self.takesOver = takesOver
    }

    /// The entry of the session of these objects.
    public init(_ objects: SessionObjects, takesOver: Bool) {
        self.init(
            holder: objects.holder, service: objects.names.service, wish: objects.wish, takesOver: takesOver)
    }

    /// Decides.
    public func step(_ look: Look) -> Step {
        let mine = look.leases.first { $0.isHeld(by: self.holder.session) }
        if !self.takesOver, let other = self.rival(in: look.leases, mine) { return .taken(by: other) }
        switch TunnelState(origin: look.origin) {
        case .living(let tunnel, let version):
            if let refusal = self.refusal(tunnel, version, look.leases) { return .refuse(refusal) }
            guard let mine else {
                guard let slot = self.freeSlot(look.leases) else { return .refuse(self.full) }
                return .createLease(slot: slot, tunnel: tunnel)
            }
            return mine.tunnel == tunnel ? .join(tunnel) : .startOver
        case .ending: return mine == nil ? .wait : .startOver
        case .none:
            // Its origin Service is gone, and will be back, or it will end.
            let hasOther = look.leases.contains { lease in
                lease.tunnel.map { $0 != self.holder.session && lease.isMember(of: $0) } ?? false
            }
            guard let mine else {
                let isFree = !hasOther && !look.leases.contains { $0.metadata.name == self.names.lease(slot: 0) }
                return isFree ? .createLease(slot: 0, tunnel: self.holder.session) : .wait
            }
            let isMaker = mine.metadata.name == self.names.lease(slot: 0) && mine.tunnel == self.holder.session
            return !isMaker ? .startOver : hasOther ? .wait : .make
        }
    }

    /// The Lease of a session that has one of the ports; before the session has one of its own, of any that wants it.
    private func rival(in leases: [Lease], _ mine: Lease?) -> Lease? {
        let own = mine.flatMap(PortClaim.init)
        return leases.first { lease in
            guard !lease.isHeld(by: self.holder.session), let claim = PortClaim(lease),
                claim.rivals(self.wish)
            else { return false }
            return own.map(claim.precedes) ?? true
        }
    }

    private func freeSlot(_ leases: [Lease]) -> Int? {
        let taken = Set(leases.map(\.metadata.name))
        return (0..<SessionNames.slots).first { !taken.contains(self.names.lease(slot: $0)) }
    }

    private var full: Refusal {
        Refusal(
            "service/\(self.names.service) has \(SessionNames.slots) sessions, and takes no more",
            hint: "see `kubectl tunnel list`, and end one")
    }

    private func refusal(_ tunnel: SessionID, _ version: String?, _ leases: [Lease]) -> Refusal? {
        guard version != SessionObjects.protocolVersion else { return nil }
        let service = "service/\(self.names.service)"
        let maker = leases.first { $0.isHeld(by: tunnel) }?.holder.map { " of \($0.person)" } ?? ""
        guard let version else {
            return Refusal(
                "the tunnel\(maker) on \(service) takes no other session: it was made with --no-failsafe",
                hint: "ask them to end it")
        }
        let isOld = (Int(version) ?? 0) < (Int(SessionObjects.protocolVersion) ?? 0)
        return Refusal(
            "the tunnel\(maker) on \(service) is of \(isOld ? "an older" : "a newer") version than this plugin",
            hint: isOld ? "ask them to upgrade, and to start again" : "upgrade this plugin")
    }
}
