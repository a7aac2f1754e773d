import Logging
import NIOCore

/// The gateway's end, on its one event loop; `GatewayEnd` is its door from elsewhere.
final class GatewayCore: ListeningCore, TunnelLinkOwner, TunnelStreamServer {
    /// Where DNS messages are sent, as in RFC 8484.
    static let namesPath = "/dns-query"

    private let loop: any EventLoop
    private let acceptor: TunnelAcceptor
    private let decisions: any GatewayDecisions
    private let timing: Timing
    private let counts: ConnectionCounts
    private let report: @Sendable (PodEvent) -> Void

    init(
        loop: any EventLoop, identity: PodIdentity, session: PodSession, tunnelPort: Int,
        decisions: any GatewayDecisions,
        timing: Timing, counts: ConnectionCounts, logger: Logger, report: @escaping @Sendable (PodEvent) -> Void
    ) {
        self.loop = loop
        self.decisions = decisions
        self.timing = timing
        self.counts = counts
        self.report = report
        self.acceptor = TunnelAcceptor(
            loop: loop, identity: identity, role: .server, port: tunnelPort, timing: timing, logger: logger)
        self.acceptor.take([session.id: session.key])
    }

    var links: [String: TunnelLink] { self.acceptor.links }
    /// The tunnel port that was bound; 0 before `start`.
    var boundTunnelPort: Int { self.acceptor.boundPort }

    func start() -> EventLoopFuture<Void> {
        self.acceptor.listen(owner: self, server: self) { [report = self.report] in report(.peerRefused(reason: $0)) }
    }

    func shutdown() -> EventLoopFuture<Void> {
        self.acceptor.shutdown()
    }

    // MARK: What the link says

    func linkCameUp(_ link: TunnelLink) {
        guard let session = self.acceptor.session(of: link) else { return }
        self.report(.linkUp(session: session))
    }

    func link(_ link: TunnelLink, closed reason: String) {
        guard let session = self.acceptor.forget(link) else { return }
        self.report(.linkDown(session: session, reason: reason))
    }

    func link(_ link: TunnelLink, received control: String) {
        guard let session = self.acceptor.session(of: link) else { return }
        self.report(.control(control, session: session))
    }

    func link(_ link: TunnelLink, asked stream: StreamPipe, route: String, caller: String) {
        let connection = StreamConnection(stream: stream, counts: self.counts)
        self.decisions.addresses(for: route).hop(to: self.loop).assumeIsolated().whenComplete { result in
            switch result {
            case .success(let addresses): self.dial(addresses, for: connection)
            case .failure(let error):
                connection.refused(error as? StreamRefusal ?? StreamRefusal(status: 502, reason: "\(error)"))
            }
        }
    }

    func link(_ link: TunnelLink, requested stream: StreamPipe, path: String) {
        guard path == GatewayCore.namesPath else {
            stream.writeHeaders(StreamRefusal(status: 404, reason: "no such path").headers, ends: true)
            return stream.flush()
        }
        _ = ExchangeAnswer(stream: stream) { [decisions = self.decisions, loop = self.loop] message in
            decisions.answer(message).hop(to: loop)
        }
    }

    private func dial(_ addresses: [SocketAddress], for connection: StreamConnection) {
        SocketDial.connect(
            to: addresses, on: self.loop, counts: self.counts, timeout: self.timing.originConnectLimit,
            receiveBuffer: PodListeners.receiveBuffer(connections: self.counts.open)
        ) { [counts = self.counts] result in
            switch result {
            case .success(let pipe):
                counts.tunnelled()
                connection.connected(pipe)
            case .failure(let error):
                connection.refused(StreamRefusal(status: 502, reason: ConnectFailure.describe(error)))
            }
        }
    }
}
