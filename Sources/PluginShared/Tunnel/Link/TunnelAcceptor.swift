import Logging
import NIOCore
import NIOPosix

/// The pod's tunnel port: takes the connections of laptops that prove themselves, and makes them links.
///
/// Of several of the same session the newest counts. Lives on one event loop.
final class TunnelAcceptor {
    /// Connections at the tunnel port that have not proved themselves: 256. One more ends any of them: were it the oldest,
    /// a client that opens 180 a second would keep out a laptop that is 200 ms away and needs two round trips (measured,
    /// with 8 of them).
    static let maximumPending = 256
    /// Ended connections that are read on to their EOF: 4096, or a quarter of the open files; one more closes the oldest.
    /// A container runtime passes an EOF on after a second, so that 64 were too few for a stranger who opens some hundreds a
    /// second: a connection that is closed before ends all others of the port-forward.
    static let maximumLingering = min(4096, max(64, FileLimit.current / 4))

    /// The link to the laptop of each session that has one.
    private(set) var links: [String: TunnelLink] = [:]
    /// The port that was bound; 0 before.
    private(set) var boundPort = 0
    private let loop: any EventLoop
    private var identity: PodIdentity
    private let role: HTTP2Role
    private let port: Int
    private let timing: Timing
    private let logger: Logger
    private var owner: (any TunnelLinkOwner)?
    private var server: (any TunnelStreamServer)?
    private var refused: (String) -> Void = { _ in }
    private var listeners: [any Channel] = []
    private var pending: [HandshakeHandler] = []
    private var lingering: [any Channel] = []

    /// Makes an acceptor that does not listen yet; port 0 picks a free one.
    init(
        loop: any EventLoop, identity: PodIdentity, role: HTTP2Role, port: Int, timing: Timing, logger: Logger
    ) {
        self.loop = loop
        self.identity = identity
        self.role = role
        self.port = port
        self.timing = timing
        self.logger = logger
    }

    /// Listens on loopback.
    ///
    /// - Parameters:
    ///   - owner: Told what happens on a link; kept until the shutdown.
    ///   - server: Takes the laptop's streams, where this end is HTTP/2's server; kept as long.
    ///   - refused: Called for each peer that did not prove itself, with the reason.
    func listen(
        owner: any TunnelLinkOwner, server: (any TunnelStreamServer)? = nil, refused: @escaping (String) -> Void
    ) -> EventLoopFuture<Void> {
        self.owner = owner
        self.server = server
        self.refused = refused
        let bound = NIOLoopBound(self, eventLoop: self.loop)
        let bootstrap: @Sendable () -> ServerBootstrap = { [loop = self.loop] in
            PodListeners.tunnel(on: loop) { channel in bound.value.accepted(channel) }
        }
        let v4 = PodListeners.bind(port: self.port, addresses: ["127.0.0.1"], bootstrap: bootstrap)
        return v4.flatMap { channel in
            bound.value.listeners.append(channel)
            let port = channel.localAddress?.port ?? bound.value.port
            bound.value.boundPort = port
            // Some runtimes dial ::1; where there is no IPv6, they cannot.
            return PodListeners.bind(port: port, addresses: ["::1"], bootstrap: bootstrap).map { channel in
                bound.value.listeners.append(channel)
            }.recover { _ in }
        }
    }

    /// Takes the laptops of these sessions, and no others: the links of those are closed.
    func take(_ sessions: [String: TunnelPublicKey]) {
        self.identity.take(sessions)
        for (session, link) in self.links where sessions[session] == nil { link.close(reason: "the session has ended") }
    }

    /// The session of a link; `nil` when a newer one has taken its place.
    func session(of link: TunnelLink) -> String? { self.links.first { $0.value === link }?.key }

    /// Drops a link that has closed.
    ///
    /// - Returns: Its session; `nil` when a newer one has taken its place before.
    func forget(_ link: TunnelLink) -> String? {
        guard let session = self.session(of: link) else { return nil }
        self.links[session] = nil
        return session
    }

    /// Closes the port, and ends the link and everything that would become one.
    func shutdown() -> EventLoopFuture<Void> {
        let closing = self.listeners.map { $0.close() }
        self.listeners = []
        for handshake in self.pending {
            handshake.refuse(TunnelError(code: .connectionClosed, message: "the pod is shutting down"))
        }
        for link in self.links.values { link.close(reason: "the pod is shutting down") }
        self.owner = nil
        self.server = nil
        self.refused = { _ in }
        return EventLoopFuture.andAllComplete(closing, on: self.loop)
    }

    private func accepted(_ channel: any Channel) -> EventLoopFuture<Void> {
        if self.pending.count >= TunnelAcceptor.maximumPending {
            let error = TunnelError(code: .handshakeRefused, message: "too many unproven connections")
            self.pending.randomElement()?.refuse(error)
        }
        let linger = LingerHandler()
        let machine = HandshakeStateMachine(
            .pod(self.identity),
            role: self.role,
            nonce: .random(byteCount: HandshakeStateMachine.nonceByteCount)
        )
        weak var reference: HandshakeHandler?
        let handshake = HandshakeHandler(machine: machine, limit: self.timing.handshakeLimit) { [self] outcome in
            guard let handshake = reference else { return }
            self.pending.removeAll { $0 === handshake }
            switch outcome {
            case .accepted(.laptop(let session), let rest):
                self.authenticated(channel, of: session, linger: linger, handshake: handshake, rest: rest)
            case .accepted(.pod, _): break
            case .refused(let reply, let error):
                self.logger.debug("peer refused", metadata: [LogKey.reason: "\(error)"])
                self.refused(error.message)
                self.linger(channel, with: linger, sending: reply)
            }
        }
        reference = handshake
        self.pending.append(handshake)
        return channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.addHandler(linger)
            try channel.pipeline.syncOperations.addHandler(handshake)
        }
    }

    private func linger(_ channel: any Channel, with linger: LingerHandler, sending reply: [UInt8]) {
        self.lingering.removeAll { !$0.isActive }
        if self.lingering.count >= TunnelAcceptor.maximumLingering {
            self.lingering.removeFirst().close(promise: nil)
        }
        self.lingering.append(channel)
        linger.linger(sending: reply, limit: self.timing.lingerLimit)
    }

    private func authenticated(
        _ channel: any Channel, of session: String, linger: LingerHandler, handshake: HandshakeHandler,
        rest: ByteBuffer
    ) {
        guard let owner = self.owner else { return linger.linger(limit: self.timing.lingerLimit) }
        let link = TunnelLink(
            channel: channel, linger: linger, role: self.role, budget: .pod, timing: self.timing, owner: owner,
            server: self.server, logger: self.logger)
        let older = self.links.updateValue(link, forKey: session)
        older?.close(reason: "a newer connection of the same session took over")
        link.takeOver(from: handshake, rest: rest)
    }
}
