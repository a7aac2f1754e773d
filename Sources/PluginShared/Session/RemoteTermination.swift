public import Kubernetes

/// Ending a session from another machine: its own plugin is asked, and how long to wait for it depends on who is there.
public struct RemoteTermination: Sendable {
    /// What was just read.
    public struct Observation: Sendable {
        /// The Lease; `nil` when it is gone.
        public var lease: Lease?
        /// Whether a proxy pod of the session is Ready.
        public var hasReadyProxy: Bool
        /// Whether the Service carries the session's mark.
        public var isSwitched: Bool
        /// Whether other sessions have its tunnel.
        public var isShared: Bool

        /// An observation.
        public init(lease: Lease?, hasReadyProxy: Bool, isSwitched: Bool, isShared: Bool = false) {
            self.lease = lease
            self.hasReadyProxy = hasReadyProxy
            self.isSwitched = isSwitched
            self.isShared = isShared
        }
    }

    /// What to do.
    public enum Order: Sendable, Equatable {
        /// Look again soon.
        case wait
        /// The Service is restored; open connections are coming to their end.
        case draining
        /// Nobody ends it: do it from here.
        case recover
        /// The session is over.
        case free
        /// Its plugin lives and does not end it.
        case ignored
    }

    /// How long the plugin and the in-cluster side get, one after the other, and a drain.
    public static let timeout = InClusterSession.stopTimeout + .seconds(5)
    /// How long a session without a proxy gets: a plugin that is just setting up hears of the request within a second.
    static let gracePeriod = Duration.seconds(1)

    private let uid: String?
    /// Whether to do it from here although the Lease goes on being renewed.
    private let insists: Bool
    private let wasSwitched: Bool
    private var clock: LeaseClock
    private let duration: Duration
    private var askedAt: Duration?

    /// - Parameters:
    ///   - lease: The Lease as it was when the session was asked to end.
    ///   - wasSwitched: Whether the Service carried the session's mark then.
    ///   - insists: Whether a living Lease may be disregarded once no plugin has answered for ``timeout``.
    public init(_ lease: Lease, wasSwitched: Bool, insists: Bool) {
        self.uid = lease.metadata.uid
        self.wasSwitched = wasSwitched
        self.insists = insists
        let seconds = lease.spec.leaseDurationSeconds ?? LeaseClock.usualSeconds
        self.clock = LeaseClock(durationSeconds: seconds)
        self.duration = .seconds(seconds)
    }

    /// Takes an observation in.
    ///
    /// - Parameter now: Monotonic time since any fixed moment.
    public mutating func observe(_ seen: Observation, now: Duration) -> Order {
        guard let lease = seen.lease, lease.metadata.uid == self.uid else { return .free }
        let askedAt = self.askedAt ?? now
        self.askedAt = askedAt
        let waited = now - askedAt
        let isAbandoned = self.clock.observe(lease, now: now) == .expired
        if seen.hasReadyProxy, lease.isLeaving || (self.wasSwitched && !seen.isSwitched) { return .draining }
        if !seen.hasReadyProxy { return waited >= Self.gracePeriod ? .recover : .wait }
        if LeaseRecord(lease)?.state == .passingThrough { return .recover }
        if isAbandoned || (self.insists && waited >= Self.timeout) { return .recover }
        return waited >= Self.timeout + self.duration ? .ignored : .wait
    }
}
