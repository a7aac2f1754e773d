import Logging
import NIOCore
import NIOPosix

/// Connects the laptop to the pod: dials kubectl's local port, proves who we are, and makes the connection a link.
///
/// Its owner passes on that the link came up, or closed. Lives on one event loop.
final class TunnelDialler {
    /// The link; `nil` until both ends have proved themselves.
    private(set) var link: TunnelLink?
    /// The public key that the pod has shown; `nil` before.
    private(set) var podKey: TunnelPublicKey?
    private let loop: any EventLoop
    private let role: HTTP2Role
    private let timing: Timing
    private let logger: Logger
    private var owner: (any TunnelLinkOwner)?
    private var server: (any TunnelStreamServer)?
    private var up: EventLoopPromise<Void>?

    /// Makes a dialler for one connection.
    init(loop: any EventLoop, role: HTTP2Role, timing: Timing, logger: Logger) {
        self.loop = loop
        self.role = role
        self.timing = timing
        self.logger = logger
    }

    /// Dials, proves who we are, starts HTTP/2, and waits for the first PING to come back.
    func connect(
        host: String, port: Int, identity: LaptopIdentity, timeout: Duration, owner: any TunnelLinkOwner,
        server: (any TunnelStreamServer)? = nil
    ) -> EventLoopFuture<Void> {
        let up = self.loop.makePromise(of: Void.self)
        self.up = up
        self.owner = owner
        self.server = server
        let bound = NIOLoopBound(self, eventLoop: self.loop)
        let limit = self.loop.assumeIsolated().scheduleTask(in: TimeAmount(timeout)) {
            self.failed(TunnelError(code: .timedOut, message: "the pod in the cluster did not answer in time"))
        }
        ClientBootstrap(group: self.loop)
            .connectTimeout(TimeAmount(timeout))
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelOption(.writeBufferWaterMark, value: HTTP2Configuration.linkWatermark)
            .channelOption(.recvAllocator, value: FrameSizedAllocator(nil))
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

    /// The first PING came back.
    func linkCameUp() {
        self.up?.succeed(())
        self.up = nil
    }

    /// The link has closed.
    ///
    /// - Returns: Whether it had come up before.
    func linkClosed(reason: String) -> Bool {
        self.owner = nil
        self.server = nil
        guard self.up != nil else { return true }
        self.failed(TunnelError(code: .connectionClosed, message: "the tunnel ended at once: \(reason)"))
        return false
    }

    private func prepare(_ channel: any Channel, identity: LaptopIdentity) -> EventLoopFuture<Void> {
        let linger = LingerHandler()
        let machine = HandshakeStateMachine(
            .laptop(identity),
            role: self.role,
            nonce: .random(byteCount: HandshakeStateMachine.nonceByteCount)
        )
        weak var reference: HandshakeHandler?
        let handshake = HandshakeHandler(machine: machine, limit: self.timing.handshakeLimit) { [self] outcome in
            switch outcome {
            case .accepted(let peer, let rest):
                if case .pod(let key) = peer { self.podKey = key }
                guard let handshake = reference, self.up != nil, let owner = self.owner else {
                    linger.linger(limit: self.timing.lingerLimit)
                    return
                }
                let link = TunnelLink(
                    channel: channel, linger: linger, role: self.role, budget: .laptop, timing: self.timing,
                    owner: owner, server: self.server, logger: self.logger)
                self.link = link
                link.takeOver(from: handshake, rest: rest)
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

    private func failed(_ error: TunnelError) {
        guard let up = self.up else { return }
        self.up = nil
        self.owner = nil
        self.server = nil
        up.fail(error)
        self.link?.close(reason: error.message)
    }
}
