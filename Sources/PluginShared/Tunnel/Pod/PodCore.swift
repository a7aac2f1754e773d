import Logging
import NIOCore
import NIOPosix

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
    private var drainingSince: Duration?
    /// How long after the drain's start, and after the last connection that came, others are still expected.
    private var lateConnectionGrace = Duration.zero
    private var lastAccepted: Duration?
    private var drained: [EventLoopPromise<Void>] = []
    private var drainTick: RepeatedTask?
    private var stalls = DrainStalls(now: .zero)
    /// By route: of the ports whose connections go to the laptop.
    private var recalls: [String: PortRecall] = [:]

    init(
        loop: any EventLoop,
        identity: PodIdentity,
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
    }

    var link: TunnelLink? { self.acceptor.link }
    var boundTunnelPort: Int { self.acceptor.boundPort }

    /// Connections that are open.
    var connectionCount: Int { self.connections.count }

    /// The link new connections go through; `nil` sends them to the origin.
    var usableLink: TunnelLink? {
        guard !self.passThrough.isOn, self.drainingSince == nil, let link = self.link, link.isUsable else { return nil }
        return link
    }

    // MARK: Listening

    /// Binds every port, in order; fails with the first that cannot be bound.
    func start() -> EventLoopFuture<Void> {
        for port in self.ports where port.isIntercepted {
            self.recalls[port.route] = PortRecall(port: port, core: self)
        }
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
        let name = address.map { "\($0.ipAddress ?? "unknown"):\($0.port ?? 0)" } ?? "unknown"
        let connection = PodConnection(id: self.lastID, port: port, caller: caller, callerAddress: name, core: self)
        self.connections[connection.id] = connection
        connection.endsBehindAnswers = self.drainingSince != nil
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
        self.endDrainIfDone()
    }

    /// The laptop has taken a connection, or has not.
    func laptop(answers: Bool, for connection: PodConnection) {
        if answers { self.counts.tunnelled() }
        self.recalls[connection.port.route]?.laptop(answers: answers)
    }

    /// The origin has taken a connection.
    func passedThrough(_ connection: PodConnection) {
        self.recalls[connection.port.route]?.passedThrough()
    }

    /// The connections of a port that the origin has.
    func passingThrough(at port: ProxyPort) -> [PodConnection] {
        self.connections.values.filter { $0.port == port && $0.passesThrough }
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

    // MARK: What the link says

    func linkCameUp(_ link: TunnelLink) {
        guard link === self.link else { return }
        self.report(.linkUp)
    }

    func linkBecameSuspect(_ link: TunnelLink) {
        guard link === self.link else { return }
        self.report(.linkSuspect)
    }

    func linkRecovered(_ link: TunnelLink) {
        guard link === self.link else { return }
        self.report(.linkRecovered)
    }

    func link(_ link: TunnelLink, closed reason: String) {
        guard self.acceptor.forget(link) else { return }
        self.report(.linkDown(reason: reason))
    }

    func link(_ link: TunnelLink, received control: String) {
        guard link === self.link else { return }
        self.report(.control(control))
    }

    // MARK: Draining and ending

    func drain(limit: Duration, lateConnectionGrace: Duration) -> EventLoopFuture<Void> {
        let promise = self.loop.makePromise(of: Void.self)
        self.drained.append(promise)
        self.lateConnectionGrace = lateConnectionGrace
        if self.drainingSince == nil {
            let now = MonotonicTime.now()
            self.drainingSince = now
            self.stalls = DrainStalls(now: now)
            for recall in self.recalls.values { recall.stop() }
            self.recalls = [:]
            for connection in self.connections.values { connection.endsBehindAnswers = true }
            let interval = TimeAmount(self.timing.drainTick)
            let bound = NIOLoopBound(self, eventLoop: self.loop)
            self.drainTick = self.loop.scheduleRepeatedTask(initialDelay: .zero, delay: interval) { _ in
                bound.value.drainOn()
            }
        }
        self.loop.assumeIsolated().scheduleTask(in: TimeAmount(limit)) {
            self.lateConnectionGrace = .zero
            for connection in Array(self.connections.values) { connection.abort() }
            self.endDrainIfDone()
        }
        self.endDrainIfDone()
        return promise.futureResult
    }

    private func drainOn() {
        guard let start = self.drainingSince else { return }
        let now = MonotonicTime.now()
        let asks = self.stalls.look(now: now, isTunnelLate: self.link?.isLate ?? false)
        if asks { _ = self.link?.ping() }
        let roundTrip = self.link?.smallestRoundTrip ?? .zero
        for connection in Array(self.connections.values)
        where connection.isQuiet(now: now, drainingSince: start, stalls: self.stalls, roundTrip: roundTrip) {
            connection.end()
        }
        self.endDrainIfDone()
    }

    private func endDrainIfDone() {
        guard self.connections.isEmpty, !self.drained.isEmpty, let start = self.drainingSince else { return }
        guard MonotonicTime.now() - max(start, self.lastAccepted ?? start) >= self.lateConnectionGrace else { return }
        self.drainTick?.cancel()
        self.drainTick = nil
        let drained = self.drained
        self.drained = []
        for promise in drained { promise.succeed(()) }
    }

    func shutdown() -> EventLoopFuture<Void> {
        let closing = self.listeners.map { $0.close() }
        self.listeners = []
        for connection in Array(self.connections.values) { connection.abort() }
        let tunnel = self.acceptor.shutdown()
        self.drainTick?.cancel()
        self.drainTick = nil
        for recall in self.recalls.values { recall.stop() }
        self.recalls = [:]
        return EventLoopFuture.andAllComplete(closing + [tunnel], on: self.loop)
    }
}
