import Logging
import NIOCore
import NIOPosix

/// The laptop's end of a gateway's tunnel, on its one event loop; `GatewayClient` is its door from elsewhere.
final class GatewayClientCore: DiallingCore, TunnelLinkOwner {
    /// How long a connection past the gateway may take to come up, in seconds.
    private static let directLimit = TimeAmount.seconds(10)

    private let loop: any EventLoop
    private let dialler: TunnelDialler
    private let counts: ConnectionCounts
    private let report: @Sendable (GatewayClientEvent) -> Void
    private let finished: @Sendable () -> Void

    init(
        loop: any EventLoop, timing: Timing, counts: ConnectionCounts, logger: Logger,
        report: @escaping @Sendable (GatewayClientEvent) -> Void, finished: @escaping @Sendable () -> Void
    ) {
        self.loop = loop
        self.counts = counts
        self.report = report
        self.finished = finished
        self.dialler = TunnelDialler(loop: loop, role: .client, timing: timing, logger: logger)
    }

    var link: TunnelLink? { self.dialler.link }

    /// Dials, proves who we are, starts HTTP/2 as client, and waits for the first PING to come back.
    func connect(
        host: String, port: Int, identity: LaptopIdentity, timeout: Duration
    ) -> EventLoopFuture<Void> {
        let up = self.dialler.connect(host: host, port: port, identity: identity, timeout: timeout, owner: self)
        up.assumeIsolated().whenFailure { _ in self.finished() }
        return up
    }

    func ask(_ message: ByteBuffer, within limit: Duration) -> EventLoopFuture<ByteBuffer> {
        Exchange.send(message, path: GatewayCore.namesPath, on: self.link, loop: self.loop, within: limit)
    }

    func open(
        _ route: String, caller: String, then: @escaping (Result<StreamConnection, StreamRefusal>) -> Void
    ) {
        guard let link = self.link else { return then(.failure(.noLink)) }
        _ = StreamConnection(asking: link, route: route, caller: caller, counts: self.counts, answered: then)
    }

    /// Dials from this machine, past the gateway.
    func openDirectly(
        host: String, port: Int, then: @escaping (Result<StreamConnection, StreamRefusal>) -> Void
    ) {
        SocketPipe.options(ClientBootstrap(group: self.loop), counts: self.counts)
            .connectTimeout(GatewayClientCore.directLimit)
            .connect(host: host, port: port)
            .assumeIsolated()
            .whenComplete { [counts = self.counts] result in
                do {
                    // Added only now: several addresses may have been tried at once.
                    let pipe = SocketPipe()
                    try result.get().pipeline.syncOperations.addHandler(pipe)
                    then(.success(StreamConnection(direct: pipe, counts: counts)))
                } catch {
                    then(.failure(StreamRefusal(status: 502, reason: ConnectFailure.describe(error))))
                }
            }
    }

    // MARK: What the link says

    func linkCameUp(_ link: TunnelLink) { self.dialler.linkCameUp() }

    func link(_ link: TunnelLink, closed reason: String) {
        _ = self.dialler.linkClosed(reason: reason)
        self.report(.closed(reason: reason))
        self.finished()
    }

    func link(_ link: TunnelLink, received control: String) { self.report(.control(control)) }
}
