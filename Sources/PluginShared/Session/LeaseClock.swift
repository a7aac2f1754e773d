public import Kubernetes

/// When a Lease counts as abandoned: monotonic time since the last *observed change*, never a comparison of clocks.
///
/// Only time between two reads that both succeeded counts, and a long gap counts as a single ordinary interval: while
/// the API server is away, or this process is stopped, the holder could not be seen.
public struct LeaseClock: Sendable, Equatable {
    /// What an observation means.
    public enum Verdict: Sendable, Equatable {
        /// The holder lives.
        case held
        /// The Lease did not change for its whole duration, and was read just now.
        case expired
    }

    /// The fields whose change is a sign of life. Metadata is none: any client may annotate.
    private struct SignOfLife: Sendable, Equatable {
        var holder: String?
        var renewTime: String?
        var transitions: Int?

        init(_ spec: Lease.Spec) {
            self.holder = spec.holderIdentity
            self.renewTime = spec.renewTime
            self.transitions = spec.leaseTransitions
        }
    }

    /// The range of durations that is accepted from a Lease, in seconds.
    public static let durations = 5...600

    /// The duration of a Lease that does not say its own, in seconds.
    public static let usualSeconds = 30

    /// How often the Lease should be read: ten times in its duration.
    public let interval: Duration
    private let duration: Duration
    private var lastSign: SignOfLife?
    private var lastRead: Duration?
    private var silence: Duration = .zero

    /// A clock for a Lease of this duration in seconds, clamped to ``durations``.
    public init(durationSeconds: Int) {
        let seconds = min(max(durationSeconds, Self.durations.lowerBound), Self.durations.upperBound)
        self.duration = .seconds(seconds)
        self.interval = .milliseconds(seconds * 100)
    }

    /// Records a successful read.
    ///
    /// - Parameter now: Monotonic time since any fixed moment.
    public mutating func observe(_ lease: Lease, now: Duration) -> Verdict {
        let sign = SignOfLife(lease.spec)
        defer {
            self.lastRead = now
            self.lastSign = sign
        }
        guard let lastRead, sign == self.lastSign else {
            self.silence = .zero
            return .held
        }
        let gap = now - lastRead
        self.silence += gap > self.interval * 3 ? self.interval : max(gap, .zero)
        return self.silence >= self.duration ? .expired : .held
    }
}
