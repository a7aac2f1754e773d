public import Logging
public import NIOCore

/// The laptop's end of the tunnel: takes each connection from the pod to a local process.
///
/// It dials kubectl's local port, so it is the connecting side of TCP, and then the server of HTTP/2. Everything runs
/// on one event loop of the group.
public final class LaptopEnd: TunnelEnd {
    /// What happens, in order; it finishes after `closed`. For one reader; more than 1,024 unread events push out the
    /// oldest.
    public var events: AsyncStream<LaptopEvent> { self.end.events }

    /// The public key that the pod has shown.
    public func podKey() async -> TunnelPublicKey? { await self.end.run { $0.podKey } ?? nil }

    private let end: LoopBoundCore<LaptopCore, LaptopEvent>

    private init(_ end: LoopBoundCore<LaptopCore, LaptopEvent>) {
        self.end = end
    }

    /// Dials kubectl's local port, proves both ends to each other, starts HTTP/2 and waits for the first PING to come
    /// back.
    ///
    /// - Parameters:
    ///   - host: Where kubectl listens.
    ///   - port: The port kubectl listens on.
    ///   - identity: The session, and its key.
    ///   - targets: The local process of each route the pod may ask for.
    ///   - openSocket: Connects to a target in its own way; `nil` for the usual one.
    ///   - observation: Told of the requests that come; `nil` where nobody wants to see them, and nothing is read.
    ///   - timeout: The limit for all of it.
    ///   - timing: Other intervals than the product's, for tests.
    ///   - group: Gives the event loop.
    ///   - logger: Gets lines at `debug` and `trace`.
    /// - Returns: An end that is up and answers.
    /// - Throws: `TunnelError` when the connection, the proof or the first PING fails.
    public static func connect(
        host: String,
        port: Int,
        identity: LaptopIdentity,
        targets: [String: LocalTarget],
        openSocket: LocalSocket? = nil,
        observation: RequestObservation? = nil,
        timeout: Duration,
        timing: Timing = Timing(),
        group: any EventLoopGroup,
        logger: Logger
    ) async throws(TunnelError) -> LaptopEnd {
        let loop = group.next()
        let end = LoopBoundCore<LaptopCore, LaptopEvent>(on: loop) { counts, events in
            LaptopCore(
                loop: loop, targets: targets, openSocket: openSocket, observation: observation, timing: timing,
                counts: counts, logger: logger, report: { events.yield($0) }, finished: { events.finish() })
        }
        try await end.connect(host: host, port: port, identity: identity, timeout: timeout)
        return LaptopEnd(end)
    }

    /// Sends a PING; the result is its round trip.
    ///
    /// - Throws: `TunnelError` with `connectionClosed` when the tunnel has ended or ends before the answer.
    public func ping() async throws(TunnelError) -> Duration {
        try await self.end.ping()
    }

    /// Sends a line of at most 4 KiB to the pod; dropped when there is no control stream, or when it holds a newline.
    public func send(control: String) {
        self.end.send(control: control)
    }

    /// Tells what is known of the local processes of some routes without a connection to them.
    public func local(_ routes: [String], listens: Bool) {
        self.end.loop.execute { self.end.core.local(routes, listens: listens) }
    }

    /// Connections that are open now.
    public var streamCount: Int { self.end.counts.open }

    /// Says goodbye and ends the tunnel; connections that are open are reset.
    public func close() async {
        await self.end.close()
    }
}
