public import Logging
public import NIOCore

/// The pod's end of a gateway's tunnel: dials what the laptop asks for, and has its DNS messages answered.
///
/// Everything runs on one event loop of the group.
public final class GatewayEnd: Sendable {
    /// What happens, in order. For one reader; more than 1,024 unread events push out the oldest.
    public var events: AsyncStream<PodEvent> { self.end.events }

    private let end: LoopBoundCore<GatewayCore, PodEvent>

    /// Makes an end that does nothing yet.
    ///
    /// - Parameters:
    ///   - identity: The pod's key.
    ///   - session: The session whose laptop may connect.
    ///   - tunnelPort: The port for the laptop, on loopback only; 0 picks a free one.
    ///   - decisions: What may be dialled, and who answers names.
    ///   - timing: Other intervals than the product's, for tests.
    ///   - loop: The event loop that carries everything.
    ///   - logger: Gets lines at `debug` and `trace`.
    public init(
        identity: PodIdentity, session: PodSession, tunnelPort: Int, decisions: any GatewayDecisions,
        timing: Timing = Timing(),
        loop: any EventLoop, logger: Logger
    ) {
        self.end = LoopBoundCore(on: loop) { counts, events in
            GatewayCore(
                loop: loop, identity: identity, session: session, tunnelPort: tunnelPort, decisions: decisions,
                timing: timing,
                counts: counts, logger: logger, report: { events.yield($0) })
        }
    }

    /// Binds the tunnel port on loopback.
    ///
    /// - Throws: `TunnelError` with `bindFailed` when it cannot be bound.
    public func start() async throws(TunnelError) {
        try await self.end.start()
    }

    /// The tunnel port that was bound; 0 before `start`.
    public func boundTunnelPort() async -> Int {
        await self.end.run { $0.boundTunnelPort } ?? 0
    }

    /// Sends a line of at most 4 KiB to the laptop; dropped when there is no link, or when it holds a newline.
    public func send(control: String, to session: String) {
        self.end.send(control: control, to: session)
    }

    /// Connections that are open now.
    public var connectionCount: Int { self.end.counts.open }

    /// Closes the port and ends the link.
    public func shutdown() async {
        await self.end.shutdown()
    }
}
