public import Kubernetes

/// What the in-cluster side does, and when: facts in, orders out, time as an argument.
public struct InClusterSession: Sendable {
    /// A fact.
    public enum Event: Sendable {
        /// The Lease was read.
        case leaseRead(Lease)
        /// The Lease is gone: somebody deleted it.
        case leaseMissing
        /// The laptop is connected and has proven who it is.
        case linkUp
        /// The laptop is not connected any more.
        case linkDown
        /// The laptop has restored the Service, and every connection here has come to its end.
        case drainedForLaptop
        /// The pod was told to end (SIGTERM).
        case terminationRequested
    }

    /// An order.
    public enum Order: Sendable, Equatable {
        /// Write this into the Lease.
        case write(SessionState)
        /// Give the Service back, drain, and delete what the session made, Lease included.
        case end(Reason)
        /// Give the Service back and drain; the session goes on with the next pod.
        case restoreAndDrain
        /// Nothing is left to do.
        case exit
    }

    /// Why a session ends from inside the cluster.
    public enum Reason: Sendable, Equatable {
        case expired
        case leaseDeleted
        /// `kubectl tunnel stop` by this person, and no laptop to do it.
        case stopRequested(String)
        /// Another session has the Lease now.
        case takenOver(String)
    }

    /// How long the laptop gets to end its session when it is asked to, before the in-cluster side does.
    public static let stopPatience = Duration.seconds(10)

    private let session: SessionID
    private var clock: LeaseClock
    private var linkIsUp = false
    private var stopSeenAt: Duration?
    private var written: SessionState?
    private var isDrained = false
    private var isEnding = false

    /// How often the Lease should be read.
    public var interval: Duration { self.clock.interval }

    /// A session with this Lease duration in seconds.
    public init(session: SessionID, durationSeconds: Int) {
        self.session = session
        self.clock = LeaseClock(durationSeconds: durationSeconds)
    }

    /// Takes a fact in.
    ///
    /// - Parameter now: Monotonic time since any fixed moment.
    public mutating func handle(_ event: Event, now: Duration) -> [Order] {
        guard !self.isEnding else { return [] }
        switch event {
        case .linkUp:
            self.linkIsUp = true
            return self.write(.active)
        case .linkDown:
            self.linkIsUp = false
            return self.write(.passingThrough)
        case .drainedForLaptop:
            self.isDrained = true
            return []
        case .terminationRequested:
            self.isEnding = true
            if self.isDrained { return [.exit] }
            return self.write(.terminating) + [.restoreAndDrain]
        case .leaseMissing:
            return self.end(.leaseDeleted)
        case .leaseRead(let lease):
            return self.leaseRead(lease, now: now)
        }
    }

    private mutating func leaseRead(_ lease: Lease, now: Duration) -> [Order] {
        if let holder = Holder(lease.spec.holderIdentity), holder.session != self.session {
            return self.end(.takenOver(holder.person))
        }
        if let person = lease.metadata.annotation(Key.stopRequestedBy) {
            let seenAt = self.stopSeenAt ?? now
            self.stopSeenAt = seenAt
            if !self.linkIsUp || now - seenAt >= Self.stopPatience { return self.end(.stopRequested(person)) }
        }
        switch self.clock.observe(lease, now: now) {
        case .held: return []
        case .expired: return self.write(.expired) + self.end(.expired)
        }
    }

    private mutating func end(_ reason: Reason) -> [Order] {
        self.isEnding = true
        return [.end(reason)]
    }

    private mutating func write(_ state: SessionState) -> [Order] {
        guard self.written != state else { return [] }
        self.written = state
        return [.write(state)]
    }
}
