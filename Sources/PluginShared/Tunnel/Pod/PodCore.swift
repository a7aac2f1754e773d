import Logging
import NIOCore
import NIOPosix
import Requests

/// The pod's end, on its one event loop; `PodEnd` is its door from elsewhere.
final class PodCore: ListeningCore, TunnelLinkOwner {
    let loop: any EventLoop
    let logger: Logger
    let timing: Timing
    private let ports: [ProxyPort]
    private let acceptor: TunnelAcceptor
    let counts: ConnectionCounts
    private let passThrough: PassThroughSwitch
    private let report: @Sendable (PodEvent) -> Void
    private var listeners: [any Channel] = []
    private(set) var boundPorts: [Int] = []
    private var connections: [UInt64: PodConnection] = [:]
    private var admission: CallerAdmission
    private var lastID: UInt64 = 0
    /// When the last connection came.
    private(set) var lastAccepted: Duration?
    /// The drain of the whole pod, which is not taken back.
    private var drain: PodDrain?
    /// By session: of those that leave.
    private var leaving: [String: PodDrain] = [:]
    /// By route: the session whose laptop has it.
    private var owners: [String: String] = [:]
    let replayBudget = ReplayBudget()
    let requestWindows = RequestWindows()
    /// Routes, and what their callers speak, that were told.
    private var notRead: Set<[String]> = []
    /// By route: the sessions to which single requests go.
    private var rules: [String: RuleTable<String>] = [:]
    /// The sessions whose requests say who called.
    private var tellsCaller: Set<String> = []
    let mirrors = Mirrors()
    /// By route: of the ports whose connections go to a laptop.
    private var recalls: [String: PortRecall] = [:]
    /// By session.
    private var laptops: [String: TrafficCounter] = [:]
    /// Of laptops whose sessions have left.
    private var former = Traffic()
    let origin = TrafficCounter()
    private var passedThrough: [PassThroughReason: Int] = [:]

    init(
        loop: any EventLoop,
        identity: PodIdentity,
        sessions: [PodSession],
        ports: [ProxyPort],
        tunnelPort: Int,
        timing: Timing,
        counts: ConnectionCounts,
        passThrough: PassThroughSwitch,
        files: Int,
        logger: Logger,
        report: @escaping @Sendable (PodEvent) -> Void
    ) {
        self.loop = loop
        self.ports = ports
        self.timing = timing
        self.counts = counts
        self.passThrough = passThrough
        self.admission = CallerAdmission(files: files)
        self.logger = logger
        self.report = report
        self.acceptor = TunnelAcceptor(
            loop: loop, identity: identity, role: .client, port: tunnelPort, timing: timing, logger: logger)
        self.set(sessions)
    }

    var links: [String: TunnelLink] { self.acceptor.links }
    var boundTunnelPort: Int { self.acceptor.boundPort }

    /// Connections that are open.
    var connectionCount: Int { self.connections.count }
    var openConnections: [PodConnection] { Array(self.connections.values) }

    // MARK: Sessions

    /// From now on these are the sessions; the first of those that want a route has it.
    func set(_ sessions: [PodSession]) {
        self.acceptor.take(Dictionary(sessions.map { ($0.id, $0.key) }) { first, _ in first })
        for session in self.leaving.keys where !sessions.contains(where: { $0.id == session }) {
            self.leaving.removeValue(forKey: session)?.stop()
        }
        self.keepCounters(of: sessions)
        self.tellsCaller = Set(sessions.filter { $0.rule != nil && $0.tellsCaller }.map(\.id))
        let changed = self.mirrors.take(sessions, at: self.ports)
        self.notRead = self.notRead.filter { !changed.contains($0[0]) }
        self.owners = [:]
        for session in sessions where session.rule == nil && !session.isMirror {
            self.owners.merge(session.routes.map { ($0, session.id) }) { first, _ in first }
        }
        for port in self.ports {
            let entries = sessions.filter { $0.routes.contains(port.route) && !$0.isMirror }.compactMap { session in
                session.rule.map { (session.id, $0) }
            }
            self.set(entries.isEmpty ? nil : RuleTable(oldestFirst: entries), at: port)
        }
        guard self.drain == nil else { return }
        for port in self.ports { self.ownerChanged(of: port) }
    }

    private func ownerChanged(of port: ProxyPort) {
        guard self.owners[port.route] != nil else {
            self.recalls.removeValue(forKey: port.route)?.stop()
            return self.endsChanged(at: port)
        }
        guard self.recalls[port.route] == nil else { return }
        let recall = PortRecall(port: port, core: self)
        self.recalls[port.route] = recall
        if !self.passingThrough(at: port).isEmpty { recall.passedThrough() }
    }

    private func set(_ rules: RuleTable<String>?, at port: ProxyPort) {
        guard rules != self.rules[port.route] else { return }
        self.rules[port.route] = rules
        // Sessions that have come have not been told.
        self.notRead = self.notRead.filter { $0.first != port.route }
        self.endsChanged(at: port)
    }

    /// Whether a connection's caller is to be told that it ends: all do, or its laptop leaves, or it would go elsewhere if it came now.
    private func wantsEnd(_ connection: PodConnection) -> Bool {
        if self.drain != nil { return true }
        // Where requests are read, each goes where it belongs.
        guard !connection.readsRequests else { return false }
        if let session = connection.session, self.leaving[session] != nil { return true }
        return self.rules[connection.port.route] != nil
            || connection.passesThrough && self.recalls[connection.port.route]?.isOn == true
    }

    /// What is said to callers may have changed.
    ///
    /// - Parameter port: At which; `nil` for all.
    func endsChanged(at port: ProxyPort? = nil) {
        for connection in self.connections.values where port.map({ $0 == connection.port }) ?? true {
            self.endChanged(of: connection)
        }
    }

    /// What is said to a connection's caller may have changed: another has it now.
    func endChanged(of connection: PodConnection) { connection.endsBehindAnswers = self.wantsEnd(connection) }

    /// Where new connections of a route go.
    enum Way {
        case laptop(TunnelLink, session: String)
        case origin(PassThroughReason)

        var isLaptop: Bool { if case .laptop = self { true } else { false } }
    }

    /// Where new connections of a route go now.
    func way(for route: String) -> Way {
        guard !self.isEnding else { return .origin(.ending) }
        guard let session = self.owners[route] else { return .origin(.notIntercepted) }
        return self.way(to: session)
    }

    /// Where a request goes now. One that a rule gives to a session goes to no other laptop.
    func way(for head: RequestHead, at port: ProxyPort) -> Way {
        guard !self.isEnding, let session = self.rules[port.route]?.session(for: head), self.leaving[session] == nil
        else { return self.way(for: port.route) }
        return self.way(to: session)
    }

    /// Whether a request that goes to a session's laptop says who called.
    func tellsCaller(_ session: String) -> Bool { self.tellsCaller.contains(session) }

    /// Begins a copy for a session; `nil` where it gets none.
    ///
    /// - Parameter head: That of the request; `nil` for a connection.
    func copy(to session: String, of port: ProxyPort, caller: String, for head: RequestHead? = nil) -> Tap? {
        guard !self.isEnding, self.leaving[session] == nil else { return nil }
        return self.mirrors[session]?.copy(of: port, caller: caller, through: self.links[session], for: head)
    }

    /// Whether everything that comes goes to the origin.
    private var isEnding: Bool { self.passThrough.isOn || self.drain != nil }

    private func way(to session: String) -> Way {
        guard self.leaving[session] == nil else { return .origin(.ending) }
        guard let link = self.links[session] else { return .origin(.noLink) }
        return link.isUsable ? .laptop(link, session: session) : .origin(.suspect)
    }

    /// A caller speaks something whose requests are not read.
    func callerIsNotRead(at port: ProxyPort, _ name: String) {
        guard self.notRead.insert([port.route, name]).inserted else { return }
        self.report(.callersNotRead(route: port.route, protocol: name))
    }

    /// The link that new connections of a route go through; `nil` when they go to the origin.
    func usableLink(for route: String) -> TunnelLink? {
        if case .laptop(let link, _) = self.way(for: route) { link } else { nil }
    }

    // MARK: Counting

    private func keepCounters(of sessions: [PodSession]) {
        let known = Set(sessions.map(\.id))
        for (session, counter) in self.laptops where !known.contains(session) {
            self.former.add(counter.traffic)
            self.laptops[session] = nil
        }
        for session in known where self.laptops[session] == nil { self.laptops[session] = TrafficCounter() }
    }

    /// The counter of a session's laptop; `nil` for one that is not known any more.
    func counter(of session: String) -> TrafficCounter? { self.laptops[session] }

    /// The counter of whoever has a connection or a request; `nil` stands for the origin.
    func counter(for session: String?) -> TrafficCounter? { session.map(self.counter(of:)) ?? self.origin }

    /// A connection goes to the origin.
    func passes(_ reason: PassThroughReason) { self.passedThrough[reason, default: 0] += 1 }

    /// What was counted.
    var figures: PodFigures {
        let laptops = self.laptops.mapValues(\.traffic)
        return PodFigures(
            laptops: laptops, laptopTotal: laptops.values.reduce(into: self.former) { $0.add($1) },
            mirrors: self.mirrors.figures, mirrorTotal: self.mirrors.total, copiesWaiting: self.mirrors.held,
            origin: self.origin.traffic, passedThrough: self.passedThrough, open: self.counts.open,
            roundTrips: self.links.compactMapValues(\.roundTrip))
    }

    /// The link of a session; `nil` for all.
    func links(of session: String?) -> [TunnelLink] {
        guard let session else { return Array(self.links.values) }
        return self.links[session].map { [$0] } ?? []
    }

    // MARK: Listening

    /// Binds every port, in order; fails with the first that cannot be bound.
    func start() -> EventLoopFuture<Void> {
        let bound = NIOLoopBound(self, eventLoop: self.loop)
        var result = self.loop.makeSucceededFuture(())
        for port in self.ports {
            result = result.flatMap { bound.value.listen(for: port) }
        }
        return result.flatMap {
            let core = bound.value
            return core.acceptor.listen(owner: core) { core.report(.peerRefused(reason: $0)) }
        }
    }

    private func listen(for port: ProxyPort) -> EventLoopFuture<Void> {
        let bound = NIOLoopBound(self, eventLoop: self.loop)
        let bootstrap: @Sendable () -> ServerBootstrap = { [loop = self.loop] in
            PodListeners.callers(on: loop, budget: bound.value.counts.readBudget) { channel in
                bound.value.accepted(channel, at: port)
            }
        }
        let addresses = ["::", "0.0.0.0"]
        return PodListeners.bind(port: port.listenPort, addresses: addresses, bootstrap: bootstrap).map { channel in
            bound.value.listeners.append(channel)
            bound.value.boundPorts.append(channel.localAddress?.port ?? port.listenPort)
        }
    }

    // MARK: Callers

    private func accepted(_ channel: any Channel, at port: ProxyPort) -> EventLoopFuture<Void> {
        let limit = self.admission.limit
        guard self.connections.count < limit else {
            if self.admission.refused(now: MonotonicTime.now()) { self.report(.callersRefused(limit: limit)) }
            channel.reset()
            return channel.eventLoop.makeSucceededVoidFuture()
        }
        self.lastID += 1
        let caller = SocketPipe()
        let address = channel.remoteAddress
        let host = address?.ipAddress ?? "unknown"
        let accepted = AcceptedCaller(
            id: self.lastID, port: port, pipe: caller, host: host,
            address: address.map { "\(host):\($0.port ?? 0)" } ?? host)
        let forwarder: any Forwarder =
            self.rules[port.route] == nil
            ? ByteForwarder(accepted, core: self) : RequestForwarder(accepted, core: self)
        let copies = self.mirrors.table(at: port).map {
            ConnectionCopies(of: port, caller: accepted.address, for: $0, core: self)
        }
        let connection = PodConnection(
            id: self.lastID, port: port, caller: caller, forwarder: forwarder, copies: copies, core: self)
        self.connections[connection.id] = connection
        connection.endsBehindAnswers = self.drain != nil
        self.lastAccepted = MonotonicTime.now()
        self.counts.opened()
        channel.closeFuture.assumeIsolated().whenComplete { _ in self.connectionEnded(connection) }
        return channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.addHandler(caller)
            try PodListeners.bound(channel, connections: self.connections.count)
            connection.start()
        }
    }

    private func connectionEnded(_ connection: PodConnection) {
        guard self.connections.removeValue(forKey: connection.id) != nil else { return }
        self.counts.closed()
        self.drain?.endIfDone()
        for drain in self.leaving.values { drain.endIfDone() }
    }

    /// The laptop has taken a connection of a port, or has not.
    func laptop(answers: Bool, at port: ProxyPort, of session: String?) {
        if answers { self.counts.tunnelled() }
        // What passes through is that of the session that has whole connections.
        if session == self.owners[port.route] { self.recalls[port.route]?.laptop(answers: answers) }
    }

    /// The origin has taken a connection of a port.
    func passedThrough(_ port: ProxyPort) {
        self.recalls[port.route]?.passedThrough()
    }

    /// The connections of a port that the origin has.
    func passingThrough(at port: ProxyPort) -> [PodConnection] {
        self.connections.values.filter { $0.port == port && $0.passesThrough && !$0.readsRequests }
    }

    /// How many connections the origin has had for at least so long.
    func passingThrough(for duration: Duration) -> Int {
        let limit = MonotonicTime.now() - duration
        return self.connections.values.count { $0.passesThrough && $0.activity.since <= limit }
    }

    /// How often a port's origin is dialled, each time with a socket of its own: until a node knows a new Service, or that a
    /// pod is gone, packets of a connection go nowhere, and so do those that are sent again.
    private static let originAttempts = 5
    /// The least time from one attempt to the next: a node that knows a new Service, but none of its pods yet, refuses at
    /// once.
    private static let originInterval = Duration.milliseconds(200)

    /// Dials a port's origin.
    func dialOrigin(of port: ProxyPort, then: @escaping (Result<SocketPipe, any Error>) -> Void) {
        let address: SocketAddress
        do {
            address = try SocketAddress(ipAddress: port.originHost, port: port.originPort)
        } catch {
            then(.failure(error))
            return
        }
        SocketDial.connect(
            to: Array(repeating: address, count: Self.originAttempts), on: self.loop, counts: self.counts,
            timeout: self.timing.originConnectLimit / Self.originAttempts, interval: Self.originInterval,
            receiveBuffer: PodListeners.receiveBuffer(connections: self.counts.open), then: then)
    }

    /// Tries to connect to each port's origin.
    func checkOrigins(timeout: Duration) -> EventLoopFuture<[OriginCheck]> {
        let checks = self.ports.map { port -> EventLoopFuture<OriginCheck> in
            guard let address = try? SocketAddress(ipAddress: port.originHost, port: port.originPort) else {
                let failure = "\(port.originHost):\(port.originPort) is not an address"
                return self.loop.makeSucceededFuture(OriginCheck(route: port.route, failure: failure))
            }
            return ClientBootstrap(group: self.loop)
                .connectTimeout(TimeAmount(timeout))
                .connect(to: address)
                .map { channel in
                    channel.close(promise: nil)
                    return OriginCheck(route: port.route, failure: nil)
                }
                .flatMapErrorThrowing { error in
                    OriginCheck(
                        route: port.route, failure: ConnectFailure.describe(error),
                        isRefused: ConnectFailure.isRefusal(error))
                }
        }
        return EventLoopFuture.whenAllSucceed(checks, on: self.loop)
    }

    // MARK: What the links say

    func linkCameUp(_ link: TunnelLink) {
        guard let session = self.acceptor.session(of: link) else { return }
        self.report(.linkUp(session: session))
    }

    func linkBecameSuspect(_ link: TunnelLink) {
        guard let session = self.acceptor.session(of: link) else { return }
        self.report(.linkSuspect(session: session))
    }

    func linkRecovered(_ link: TunnelLink) {
        guard let session = self.acceptor.session(of: link) else { return }
        self.report(.linkRecovered(session: session))
    }

    func link(_ link: TunnelLink, closed reason: String) {
        guard let session = self.acceptor.forget(link) else { return }
        self.report(.linkDown(session: session, reason: reason))
    }

    func link(_ link: TunnelLink, received control: String) {
        guard let session = self.acceptor.session(of: link) else { return }
        self.report(.control(control, session: session))
    }

    // MARK: Draining and ending

    func drain(limit: Duration, lateConnectionGrace: Duration) -> EventLoopFuture<Void> {
        let drain = self.drain ?? PodDrain(of: nil, core: self)
        if self.drain == nil {
            self.drain = drain
            self.stopRecalls()
        }
        return drain.wait(limit: limit, lateConnectionGrace: lateConnectionGrace)
    }

    func drain(session: String, limit: Duration) -> EventLoopFuture<Void> {
        let drain = self.leaving[session] ?? PodDrain(of: session, core: self)
        self.leaving[session] = drain
        self.mirrors[session]?.leave()
        return drain.wait(limit: limit, lateConnectionGrace: .zero)
    }

    private func stopRecalls() {
        for recall in self.recalls.values { recall.stop() }
        self.recalls = [:]
    }

    func shutdown() -> EventLoopFuture<Void> {
        let closing = self.listeners.map { $0.close() }
        self.listeners = []
        for connection in self.openConnections { connection.abort() }
        let tunnel = self.acceptor.shutdown()
        self.drain?.stop()
        for drain in self.leaving.values { drain.stop() }
        self.stopRecalls()
        return EventLoopFuture.andAllComplete(closing + [tunnel], on: self.loop)
    }
}
