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
    public let events: AsyncStream<GatewayClientEvent>
    /// The event loop that everything of this end runs on, and that local sockets have to be on.
    public let eventLoop: any EventLoop

    private let core: NIOLoopBoundBox<GatewayClientCore>
    private let counts: ConnectionCounts

    private init(timing: Timing, loop: any EventLoop, logger: Logger) {
        let counts = ConnectionCounts()
        let (events, continuation) = AsyncStream.makeStream(
            of: GatewayClientEvent.self, bufferingPolicy: .bufferingNewest(1024))
        self.eventLoop = loop
        self.counts = counts
        self.events = events
        self.core = NIOLoopBoundBox.makeBoxSendingValue(
            GatewayClientCore(
                loop: loop, timing: timing, counts: counts, logger: logger, report: { continuation.yield($0) },
                finished: { continuation.finish() }),
            eventLoop: loop)
    }

    /// Dials kubectl's local port, proves both ends to each other, starts HTTP/2 and waits for the first PING to come
    /// back.
    ///
    /// - Parameters:
    ///   - host: Where kubectl listens.
    ///   - port: The port kubectl listens on.
    ///   - identity: The session and its secret, which the pod must share.
    ///   - timeout: The limit for all of it.
    ///   - timing: Other intervals than the product's, for tests.
    ///   - loop: The event loop that carries everything.
    ///   - logger: Gets lines at `debug` and `trace`.
    /// - Throws: `TunnelError` when the connection, the proof or the first PING fails.
    public static func connect(
        host: String, port: Int, identity: TunnelIdentity, timeout: Duration, timing: Timing = Timing(),
        loop: any EventLoop, logger: Logger
    ) async throws(TunnelError) -> GatewayClient {
        let client = GatewayClient(timing: timing, loop: loop, logger: logger)
        do {
            try await loop.flatSubmit {
                client.core.value.connect(host: host, port: port, identity: identity, timeout: timeout)
            }.get()
            return client
        } catch let error as TunnelError {
            throw error
        } catch {
            throw TunnelError(code: .connectFailed, message: "\(error)")
        }
    }

    /// Has a DNS message answered by the cluster's resolver; fails with a `StreamRefusal`. May be called from anywhere.
    public func ask(_ message: ByteBuffer, within limit: Duration = .seconds(6)) -> EventLoopFuture<ByteBuffer> {
        self.eventLoop.flatSubmit { self.core.value.ask(message, within: limit) }
    }

    /// Asks the gateway to connect to `HOST:PORT`. To be called on `eventLoop`.
    ///
    /// - Parameter then: Called once, on the event loop: the connection waits for a socket to be joined to it.
    public func open(
        _ route: String, caller: String, then: @escaping (Result<GatewayConnection, StreamRefusal>) -> Void
    ) {
        self.core.value.open(route, caller: caller) { then($0.map(GatewayConnection.init)) }
    }

    /// Connects from this machine, past the gateway, to what is not the cluster's. To be called on `eventLoop`.
    public func openDirectly(
        host: String, port: Int, then: @escaping (Result<GatewayConnection, StreamRefusal>) -> Void
    ) {
        self.core.value.openDirectly(host: host, port: port) { then($0.map(GatewayConnection.init)) }
    }

    /// Sends a PING; the result is its round trip.
    ///
    /// - Throws: `TunnelError` with `connectionClosed` when the tunnel has ended or ends before the answer.
    public func ping() async throws(TunnelError) -> Duration {
        let closed = TunnelError(code: .connectionClosed, message: "the tunnel has ended")
        do {
            return try await self.eventLoop.flatSubmit {
                self.core.value.link?.ping() ?? self.eventLoop.makeFailedFuture(closed)
            }.get()
        } catch let error as TunnelError {
            throw error
        } catch {
            throw closed
        }
    }

    /// Sends a line of at most 4 KiB to the gateway; dropped when there is no control stream.
    public func send(control: String) {
        self.eventLoop.execute { self.core.value.link?.send(control: control) }
    }

    /// Connections that are open now.
    public var connectionCount: Int { self.counts.open }

    /// Says goodbye and ends the tunnel; connections that are open are reset.
    public func close() async {
        try? await self.eventLoop.submit {
            self.core.value.link?.close(reason: "closed by this end")
        }.get()
    }
}
