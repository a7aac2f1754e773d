import Logging
import NIOCore
import NIOPosix

/// The laptop's end, on its one event loop; `LaptopEnd` is its door from elsewhere.
final class LaptopCore: TunnelLinkOwner {
    let loop: any EventLoop
    let logger: Logger
    let timing: Timing
    let counts: ConnectionCounts
    private let targets: [String: LocalTarget]
    private let report: @Sendable (LaptopEvent) -> Void
    private let finished: @Sendable () -> Void
    private(set) var link: TunnelLink?
    private var downRoutes: Set<String> = []
    private var up: EventLoopPromise<Void>?

    init(
        loop: any EventLoop,
        targets: [String: LocalTarget],
        timing: Timing,
        counts: ConnectionCounts,
        logger: Logger,
        report: @escaping @Sendable (LaptopEvent) -> Void,
        finished: @escaping @Sendable () -> Void
    ) {
        self.loop = loop
        self.targets = targets
        self.timing = timing
        self.counts = counts
        self.logger = logger
        self.report = report
        self.finished = finished
    }

    // MARK: Connecting

    /// Dials, proves who we are, starts HTTP/2 as server, and waits for the first PING to come back.
    func connect(
        host: String,
        port: Int,
        identity: TunnelIdentity,
        timeout: Duration
    ) -> EventLoopFuture<Void> {
        let up = self.loop.makePromise(of: Void.self)
        self.up = up
        let bound = NIOLoopBound(self, eventLoop: self.loop)
        let limit = self.loop.assumeIsolated().scheduleTask(in: TimeAmount(timeout)) {
            self.failed(TunnelError(code: .timedOut, message: "the proxy in the cluster did not answer in time"))
        }
        ClientBootstrap(group: self.loop)
            .connectTimeout(TimeAmount(timeout))
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelOption(.writeBufferWaterMark, value: HTTP2Configuration.linkWatermark)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                bound.value.prepare(channel, identity: identity)
            }
            .connect(host: host, port: port)
            .assumeIsolated()
            .whenFailure { error in
                let reason = ConnectFailure.describe(error)
                self.failed(
                    TunnelError(code: .connectFailed, message: "cannot connect to \(host):\(port): \(reason)")
                )
            }
        up.futureResult.assumeIsolated().whenComplete { _ in limit.cancel() }
        return up.futureResult
    }

    private func prepare(_ channel: any Channel, identity: TunnelIdentity) -> EventLoopFuture<Void> {
        let linger = LingerHandler()
        let machine = HandshakeStateMachine(
            position: .connector,
            role: .server,
            identity: identity,
            nonce: .random(byteCount: HandshakeStateMachine.nonceByteCount)
        )
        weak var reference: HandshakeHandler?
        let handshake = HandshakeHandler(machine: machine, limit: self.timing.handshakeLimit) { [self] outcome in
            switch outcome {
            case .accepted(let rest):
                guard let handshake = reference, self.up != nil else {
                    linger.linger(limit: self.timing.lingerLimit)
                    return
                }
                self.authenticated(channel, linger: linger, handshake: handshake, rest: rest)
            case .refused(let reply, let error):
                linger.linger(sending: reply, limit: self.timing.lingerLimit)
                self.failed(error)
            }
        }
        reference = handshake
        return channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.addHandler(linger)
            try channel.pipeline.syncOperations.addHandler(handshake)
        }
    }

    private func authenticated(
        _ channel: any Channel,
        linger: LingerHandler,
        handshake: HandshakeHandler,
        rest: ByteBuffer
    ) {
        let link = TunnelLink(
            channel: channel,
            linger: linger,
            role: .server,
            budget: .laptop,
            timing: self.timing,
            owner: self,
            logger: self.logger
        )
        self.link = link
        do {
            try link.start()
            let operations = channel.pipeline.syncOperations
            let context = try operations.context(handler: handshake)
            if rest.readableBytes > 0 {
                context.fireChannelRead(NIOAny(rest))
                context.fireChannelReadComplete()
            }
            operations.removeHandler(handshake, promise: nil)
        } catch {
            link.close(reason: "\(error)")
        }
    }

    private func failed(_ error: TunnelError) {
        guard let up = self.up else { return }
        self.up = nil
        up.fail(error)
        self.link?.close(reason: error.message)
        self.finished()
    }

    // MARK: What the link says

    func linkCameUp(_ link: TunnelLink) {
        self.up?.succeed(())
        self.up = nil
    }

    func linkBecameSuspect(_ link: TunnelLink) {
        self.report(.suspect)
    }

    func linkRecovered(_ link: TunnelLink) {
        self.report(.recovered)
    }

    func link(_ link: TunnelLink, closed reason: String) {
        if self.up != nil {
            self.failed(TunnelError(code: .connectionClosed, message: "the tunnel ended at once: \(reason)"))
        }
        self.report(.closed(reason: reason))
        self.finished()
    }

    func link(_ link: TunnelLink, received control: String) {
        self.report(.control(control))
    }

    func link(_ link: TunnelLink, asked stream: StreamPipe, route: String) {
        let connection = LaptopConnection(stream: stream, route: route, core: self)
        guard let target = self.targets[route] else {
            connection.refused(status: "404", reason: "no such route")
            return
        }
        self.dial(target, addresses: self.addresses(of: target)[...]) { result in
            switch result {
            case .success(let pipe):
                self.localIsUp(route: route)
                connection.connected(pipe)
            case .failure(let error):
                let reason = ConnectFailure.describe(error)
                self.localIsDown(route: route, reason: reason)
                connection.refused(status: "502", reason: reason)
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
        let bootstrap = SocketPipe.options(ClientBootstrap(group: self.loop))
            .connectTimeout(TimeAmount(self.timing.localConnectLimit))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(bound.value)
                }
            }
        let host = addresses.first ?? target.host
        let attempt: EventLoopFuture<any Channel>
        if let address = try? SocketAddress(ipAddress: host, port: target.port) {
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

    private func localIsUp(route: String) {
        guard self.downRoutes.remove(route) != nil else { return }
        self.report(.localUp(route: route))
    }

    private func localIsDown(route: String, reason: String) {
        guard self.downRoutes.insert(route).inserted else { return }
        self.report(.localDown(route: route, reason: reason))
    }
}
