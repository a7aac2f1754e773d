/// Since when silence means something to the drain: bytes with which this process, or the tunnel, is late are no silence.
///
/// A value: facts and the time come in at every look. Times are readings of any one monotonic clock.
struct DrainStalls: Equatable {
    /// A look this much later than the last means that this process was stopped or starved: 100 ms, ten looks.
    private static let lateness: Duration = .milliseconds(100)
    /// How often the tunnel is asked for a sign of life: 250 ms, a fourth of the silence that ends a stream.
    private static let askEvery: Duration = .milliseconds(250)

    /// When what is read here was last late.
    private(set) var here: Duration
    /// When what comes through the tunnel was last late.
    private(set) var tunnel: Duration
    private var lastLook: Duration
    private var lastAsked: Duration?

    /// Starts with the drain.
    init(now: Duration) {
        self.here = now
        self.tunnel = now
        self.lastLook = now
    }

    /// Takes in that it is now later.
    ///
    /// - Parameter isTunnelLate: Whether an acknowledgement is overdue. One that comes tells that all bytes before it have.
    /// - Returns: Whether to send a PING.
    mutating func look(now: Duration, isTunnelLate: Bool) -> Bool {
        if now - self.lastLook >= DrainStalls.lateness { self.here = now }
        if isTunnelLate { self.tunnel = now }
        self.tunnel = max(self.tunnel, self.here)
        self.lastLook = now
        guard self.lastAsked.map({ now - $0 >= DrainStalls.askEvery }) ?? true else { return false }
        self.lastAsked = now
        return true
    }
}
