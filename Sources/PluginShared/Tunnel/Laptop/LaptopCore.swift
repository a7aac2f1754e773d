import Logging
import NIOCore
import NIOPosix

/// The laptop's end, on its one event loop; `LaptopEnd` is its door from elsewhere.
final class LaptopCore: DiallingCore, TunnelLinkOwner, TunnelStreamServer {
    let loop: any EventLoop
    let logger: Logger
    let timing: Timing
    let counts: ConnectionCounts
    private let targets: [String: LocalTarget]
    private let openSocket: LocalSocket?
    private let observation: RequestObservation?
    private let contents = ContentBudget()
    private let report: @Sendable (LaptopEvent) -> Void
    private let finished: @Sendable () -> Void
    private let dialler: TunnelDialler
    private var downRoutes: Set<String> = []
    private var answers = AnswerWatch()
    private var answersTick: RepeatedTask?
    private var lastID: UInt64 = 0

    init(
        loop: any EventLoop,
        targets: [String: LocalTarget],
        openSocket: LocalSocket?,
        observation: RequestObservation?,
        timing: Timing,
        counts: ConnectionCounts,
        logger: Logger,
        report: @escaping @Sendable (LaptopEvent) -> Void,
        finished: @escaping @Sendable () -> Void
    ) {
        self.loop = loop
        self.targets = targets
        self.openSocket = openSocket
        self.observation = observation
        self.timing = timing
        self.counts = counts
        self.logger = logger
        self.report = report
        self.finished = finished
        self.dialler = TunnelDialler(loop: loop, role: .server, timing: timing, logger: logger)
    }

    var link: TunnelLink? { self.dialler.link }
    var podKey: TunnelPublicKey? { self.dialler.podKey }

    /// Dials, proves who we are, starts HTTP/2 as server, and waits for the first PING to come back.
    func connect(
        host: String,
        port: Int,
        identity: LaptopIdentity,
        timeout: Duration
    ) -> EventLoopFuture<Void> {
        let up = self.dialler.connect(
            host: host, port: port, identity: identity, timeout: timeout, owner: self, server: self)
        up.assumeIsolated().whenFailure { _ in self.finished() }
        return up
    }

    // MARK: What the link says

    func linkCameUp(_ link: TunnelLink) {
        self.dialler.linkCameUp()
    }

    func linkBecameSuspect(_ link: TunnelLink) {
        self.report(.suspect)
    }

    func linkRecovered(_ link: TunnelLink) {
        self.report(.recovered)
    }

    func link(_ link: TunnelLink, closed reason: String) {
        _ = self.dialler.linkClosed(reason: reason)
        self.answersTick?.cancel()
        self.answersTick = nil
        self.report(.closed(reason: reason, afterSilence: link.isDead))
        self.finished()
    }

    func link(_ link: TunnelLink, received control: String) {
        self.report(.control(control))
    }

    func link(_ link: TunnelLink, asked stream: StreamPipe, route: String, caller: String) {
        let connection = StreamConnection(stream: stream, counts: self.counts)
        self.lastID += 1
        let id = self.lastID
        connection.waits = { waits in self.connection(id, of: route, waits: waits) }
        guard let target = self.targets[route] else {
            connection.refused(StreamRefusal(status: 404, reason: "no such route"))
            return
        }
        connection.tap = self.observation.map {
            ConnectionTap(
                $0, ObservedConnection(route: route, caller: caller, target: target), budget: self.contents)
        }
        self.dial(target, addresses: self.addresses(of: target)[...]) { result in
            switch result {
            case .success(let pipe):
                self.localIsUp(route: route)
                connection.connected(pipe)
            case .failure(let error):
                let reason = ConnectFailure.describe(error)
                self.localIsDown(route: route, reason: reason)
                connection.refused(StreamRefusal(status: 502, reason: reason))
            }
        }
    }

    // MARK: The local process

    private func addresses(of target: LocalTarget) -> [String] {
        target.host == "localhost" ? ["127.0.0.1", "::1"] : [target.host]
    }

    private func dial(
        _ target: LocalTarget,
        addresses: ArraySlice<String>,
        then: @escaping (Result<SocketPipe, any Error>) -> Void
    ) {
        let pipe = SocketPipe()
        let bound = NIOLoopBound(pipe, eventLoop: self.loop)
        let bootstrap = SocketPipe.options(ClientBootstrap(group: self.loop), counts: self.counts)
            .connectTimeout(TimeAmount(self.timing.localConnectLimit))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(bound.value)
                }
            }
        let host = addresses.first ?? target.host
        let attempt: EventLoopFuture<any Channel>
        if let openSocket = self.openSocket {
            let opening = NIOLoopBound(bootstrap, eventLoop: self.loop)
            attempt = self.loop.makeFutureWithTask { try await openSocket(target) }
                .flatMap { opening.value.withConnectedSocket($0) }
        } else if let address = try? SocketAddress(ipAddress: host, port: target.port) {
            attempt = bootstrap.connect(to: address)
        } else {
            attempt = bootstrap.connect(host: host, port: target.port)
        }
        attempt.assumeIsolated().whenComplete { result in
            switch result {
            case .success:
                then(.success(pipe))
            case .failure(let error):
                let rest = addresses.dropFirst()
                if rest.isEmpty {
                    then(.failure(error))
                } else {
                    // The first address's reason is the one people expect to read.
                    self.dial(target, addresses: rest) { result in
                        then(result.mapError { _ in error })
                    }
                }
            }
        }
    }

    /// What is known of local processes without a connection to them.
    func local(_ routes: [String], listens: Bool) {
        for route in routes where self.targets[route] != nil {
            if listens {
                self.localIsUp(route: route)
            } else {
                self.localIsDown(route: route, reason: "nobody listens")
            }
        }
    }

    private func connection(_ id: UInt64, of route: String, waits: Bool) {
        guard waits else { return self.answers.answered(id) }
        self.answers.asked(id, of: route, now: MonotonicTime.now())
        guard self.answersTick == nil else { return }
        let interval = TimeAmount(AnswerWatch.interval)
        let bound = NIOLoopBound(self, eventLoop: self.loop)
        self.answersTick = self.loop.scheduleRepeatedTask(initialDelay: interval, delay: interval) { _ in
            bound.value.lookAtAnswers()
        }
    }

    private func lookAtAnswers() {
        for route in self.answers.timePassed(now: MonotonicTime.now()) { self.report(.unanswered(route: route)) }
        guard self.answers.isIdle else { return }
        self.answersTick?.cancel()
        self.answersTick = nil
    }

    private func localIsUp(route: String) {
        guard self.downRoutes.remove(route) != nil else { return }
        self.report(.localUp(route: route))
    }

    private func localIsDown(route: String, reason: String) {
        guard self.downRoutes.insert(route).inserted else { return }
        self.report(.localDown(route: route, reason: reason))
    }
}
