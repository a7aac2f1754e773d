public import Logging
public import NIOCore

/// What happens at the laptop's end of a gateway's tunnel.
public enum GatewayClientEvent: Sendable, Equatable {
    /// A line from the gateway.
    case control(String)
    /// The tunnel has ended, with this reason; the last event.
    case closed(reason: String)
}

/// The laptop's end of a gateway's tunnel: asks for connections and for names.
public final class GatewayClient: TunnelEnd {
    /// What happens, in order; it finishes after `closed`. For one reader; more than 1,024 unread events push out the
    /// oldest.
    public var events: AsyncStream<GatewayClientEvent> { self.end.events }
    /// The event loop that everything of this end runs on, and that local sockets have to be on.
    public var eventLoop: any EventLoop { self.end.loop }

    private let end: LoopBoundCore<GatewayClientCore, GatewayClientEvent>

    private init(_ end: LoopBoundCore<GatewayClientCore, GatewayClientEvent>) {
        self.end = end
    }

    /// Dials kubectl's local port, proves both ends to each other, starts HTTP/2 and waits for the first PING to come
    /// back.
    ///
    /// - Parameters:
    ///   - host: Where kubectl listens.
    ///   - port: The port kubectl listens on.
    ///   - identity: The session, and its key.
    ///   - timeout: The limit for all of it.
    ///   - timing: Other intervals than the product's, for tests.
    ///   - loop: The event loop that carries everything.
    ///   - logger: Gets lines at `debug` and `trace`.
    /// - Throws: `TunnelError` when the connection, the proof or the first PING fails.
    public static func connect(
        host: String, port: Int, identity: LaptopIdentity, timeout: Duration, timing: Timing = Timing(),
        loop: any EventLoop, logger: Logger
    ) async throws(TunnelError) -> GatewayClient {
        let end = LoopBoundCore<GatewayClientCore, GatewayClientEvent>(on: loop) { counts, events in
            GatewayClientCore(
                loop: loop, timing: timing, counts: counts, logger: logger, report: { events.yield($0) },
                finished: { events.finish() })
        }
        try await end.connect(host: host, port: port, identity: identity, timeout: timeout)
        return GatewayClient(end)
    }

    /// Has a DNS message answered by the cluster's resolver; fails with a `StreamRefusal`. May be called from anywhere.
    public func ask(_ message: ByteBuffer, within limit: Duration = .seconds(6)) -> EventLoopFuture<ByteBuffer> {
        self.eventLoop.flatSubmit { self.end.core.ask(message, within: limit) }
    }

    /// Asks the gateway to connect to `HOST:PORT`. To be called on `eventLoop`.
    ///
    /// - Parameter then: Called once, on the event loop: the connection waits for a socket to be joined to it.
    public func open(
        _ route: String, caller: String, then: @escaping (Result<GatewayConnection, StreamRefusal>) -> Void
    ) {
        self.end.core.open(route, caller: caller) { then($0.map(GatewayConnection.init)) }
    }

    /// Connects from this machine, past the gateway, to what is not the cluster's. To be called on `eventLoop`.
    public func openDirectly(
        host: String, port: Int, then: @escaping (Result<GatewayConnection, StreamRefusal>) -> Void
    ) {
        self.end.core.openDirectly(host: host, port: port) { then($0.map(GatewayConnection.init)) }
    }

    /// Sends a PING; the result is its round trip.
    ///
    /// - Throws: `TunnelError` with `connectionClosed` when the tunnel has ended or ends before the answer.
    public func ping() async throws(TunnelError) -> Duration {
        try await self.end.ping()
    }

    /// Sends a line of at most 4 KiB to the gateway; dropped when there is no control stream.
    public func send(control: String) {
        self.end.send(control: control)
    }

    /// Connections that are open now.
    public var connectionCount: Int { self.end.counts.open }

    /// Says goodbye and ends the tunnel; connections that are open are reset.
    public func close() async {
        await self.end.close()
    }
}
