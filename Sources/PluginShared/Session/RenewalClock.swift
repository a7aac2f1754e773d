/// When the laptop renews its Lease, and when it must stop to believe that it still has it.
public struct RenewalClock: Sendable, Equatable {
    /// What to do now.
    public enum Order: Sendable, Equatable {
        /// Nothing before this moment.
        case wait(until: Duration)
        /// Renew: the Lease cannot have run out yet.
        case renew
        /// Read first: this laptop was silent for so long that the Lease may be gone or another's.
        case readFirst
    }

    /// How long the holder may be silent.
    public let duration: Duration
    /// How often to renew: three times in the duration, less a tenth so that requests of many laptops do not align.
    private let period: Duration
    /// How soon to try again after a failure.
    static let retry = Duration.seconds(1)
    /// How long one renewal may take, in seconds: so that a connection that died leaves time for another try.
    public var timeoutSeconds: Int { max(2, Int(self.duration.components.seconds) / 3) }
    private var lastSuccess: Duration
    private var nextAttempt: Duration
    private var lastLook: Duration
    /// For how long nobody looked at this clock, the last time that it was too long to be an answer's time: the machine slept,
    /// or the process was stopped.
    public private(set) var slept: Duration?
    /// By how much a look may come later than a renewal takes.
    private static let lateness = Duration.seconds(5)

    /// A clock that starts with the Lease's creation.
    ///
    /// - Parameter jitter: 0…1, chosen at random.
    public init(durationSeconds: Int, now: Duration, jitter: Double) {
        self.duration = .seconds(durationSeconds)
        self.period = self.duration / 3 * (0.9 + 0.1 * jitter)
        self.lastSuccess = now
        self.nextAttempt = now + self.period
        self.lastLook = now
    }

    /// What to do at this moment of a clock that goes on while the laptop sleeps. To be asked at least once a second, but for
    /// the time of a renewal.
    public mutating func order(now: Duration) -> Order {
        let gap = now - self.lastLook
        if gap > .seconds(self.timeoutSeconds) + Self.lateness { self.slept = gap }
        self.lastLook = now
        if now < self.nextAttempt { return .wait(until: self.nextAttempt) }
        return now - self.lastSuccess >= self.duration ? .readFirst : .renew
    }

    /// Records that a renewal, begun at this moment, was accepted.
    public mutating func renewed(begunAt: Duration) {
        self.lastSuccess = begunAt
        self.nextAttempt = begunAt + self.period
        self.slept = nil
    }

    /// Records that the API server did not answer.
    public mutating func failed(now: Duration) {
        self.nextAttempt = now + Self.retry
    }
}
