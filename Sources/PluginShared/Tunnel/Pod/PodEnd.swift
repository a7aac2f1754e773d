public import Logging
public import NIOCore

/// The pod's end of the tunnel: listens in the Service's place, and sends each connection to the laptop of the session that has
/// its port or, whenever that cannot be trusted to answer, to the original pods.
///
/// Everything runs on one event loop of the group: connections and their streams meet without locks, and one core
/// carries what a port-forward can.
public final class PodEnd: Sendable {
    /// What happens, in order. For one reader; more than 1,024 unread events push out the oldest.
    public var events: AsyncStream<PodEvent> { self.end.events }

    private let end: LoopBoundCore<PodCore, PodEvent>
    private let passThrough = PassThroughSwitch()

    /// Makes an end that does nothing yet.
    ///
    /// - Parameters:
    ///   - identity: The pod's key.
    ///   - sessions: The sessions whose laptops may connect, the one with the older claim to a port first.
    ///   - ports: The Service's ports.
    ///   - tunnelPort: The port for the laptop, on loopback only; 0 picks a free one.
    ///   - timing: Other intervals than the product's, for tests.
    ///   - files: The most open files of the process; callers beyond what they allow are refused.
    ///   - group: Gives the event loop.
    ///   - logger: Gets lines at `debug` and `trace`.
    public init(
        identity: PodIdentity,
        sessions: [PodSession],
        ports: [ProxyPort],
        tunnelPort: Int,
        timing: Timing = Timing(),
        files: Int = FileLimit.current,
        group: any EventLoopGroup,
        logger: Logger
    ) {
        let loop = group.next()
        self.end = LoopBoundCore(on: loop) { [passThrough] counts, events in
            PodCore(
                loop: loop, identity: identity, sessions: sessions, ports: ports, tunnelPort: tunnelPort,
                timing: timing, counts: counts,
                passThrough: passThrough, files: files, logger: logger, report: { events.yield($0) })
        }
    }

    /// Binds the listen ports, on every address of both families, and the tunnel port on loopback.
    ///
    /// - Throws: `TunnelError` with `bindFailed` when a port cannot be bound.
    public func start() async throws(TunnelError) {
        try await self.end.start()
    }

    /// The tunnel port that was bound; 0 before `start`.
    public func boundTunnelPort() async -> Int {
        await self.end.run { $0.boundTunnelPort } ?? 0
    }

    /// The listen ports that were bound, in the order of `ports`; empty before `start`.
    public func boundPorts() async -> [Int] {
        await self.end.run { $0.boundPorts } ?? []
    }

    /// Sends a line of at most 4 KiB to a session's laptop; dropped when there is no link, or when it holds a newline.
    public func send(control: String, to session: String) {
        self.end.send(control: control, to: session)
    }

    /// From now on these are the sessions, the one with the older claim to a port first. The links of others are closed; a
    /// session's key is not replaced.
    public func set(_ sessions: [PodSession]) async {
        _ = await self.end.run { $0.set(sessions) }
    }

    /// Ends the connections that a session's laptop has as they fall quiet, and sends it no more; returns when it has none, or
    /// at the limit, when the rest is reset. Everybody else's connections do not notice.
    public func drain(session: String, limit: Duration) async {
        try? await self.end.wait { $0.drain(session: session, limit: limit) }
    }

    /// Connects to each port's origin once; in the order of `ports`.
    public func checkOrigins(timeout: Duration) async -> [OriginCheck] {
        (try? await self.end.wait { $0.checkOrigins(timeout: timeout) }) ?? []
    }

    /// While on, every new connection goes to the origin although the link is up.
    public func setPassThrough(_ isOn: Bool) {
        self.passThrough.isOn = isOn
    }

    /// Ends connections as they fall quiet, and sends new ones to the origin; returns when none is left, or at the
    /// limit, when the rest is reset. It cannot be taken back; of several calls the last one's limit counts.
    ///
    /// - Parameters:
    ///   - limit: How long connections that are not quiet may continue.
    ///   - lateConnectionGrace: How long after the start, and after the last connection that came, others are still expected.
    public func drain(limit: Duration, lateConnectionGrace: Duration = .zero) async {
        try? await self.end.wait { $0.drain(limit: limit, lateConnectionGrace: lateConnectionGrace) }
    }

    /// How many connections have passed through for at least so long.
    public func passingThrough(for duration: Duration) async -> Int {
        await self.end.run { $0.passingThrough(for: duration) } ?? 0
    }

    /// What was counted since the start; `nil` after the shutdown.
    public func figures() async -> PodFigures? { await self.end.run { $0.figures } }

    /// Accepted connections that are still open.
    public var connectionCount: Int { self.end.counts.open }

    /// Connections the laptop has answered since the start.
    public var tunnelledCount: Int { self.end.counts.tunnelledSinceStart }

    /// Closes the listeners, resets what is open and ends the link.
    public func shutdown() async {
        await self.end.shutdown()
    }
}
