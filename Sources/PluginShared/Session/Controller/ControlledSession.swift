public import Kubernetes

/// What the controller does about one Lease, and when: what was read goes in, a step comes out, time is an argument.
///
/// It carries out what the plugin asks for. Besides, it recovers a session that no other client can, whichever user began it: a proxy that
/// is Ready does that by itself, and gets the time for it.
public struct ControlledSession: Sendable {
    /// What to do.
    public enum Step: Sendable, Equatable {
        /// Do what was asked for, and answer.
        case perform(ControllerOrder)
        /// See who else is there to end the session.
        case look
        /// Recover the session: restore the Service and clean up.
        case recover(RestoreCause)
        /// Read the Lease again soon.
        case wait
        /// The session is over.
        case forget
    }

    /// How long a proxy that is Ready gets to end its session: it waits for original pods (30 s) and drains (30 s).
    static let proxyTimeout = Duration.seconds(70)
    /// How long one that is Ready gets to restore the Service: it does that first, and at once. Where it does not, its node may be
    /// lost, which nobody says for 40 s.
    static let restoreTimeout = Duration.seconds(3)
    /// The same for one that the plugin has left the session to: what passes through gets 10 min.
    static let handOverTimeout = Duration.seconds(640)

    private let holder: Holder
    private var clock: LeaseClock
    private var termination: RemoteTermination?
    private var isOverSince: Duration?
    private var isCleanedUp = false
    /// Whether it was seen to leave: then it has deleted its Lease itself.
    private var isLeaving = false

    /// How often to read the Lease: a client that waits for an end does so for half a minute, however long the Lease may be silent.
    public var interval: Duration { min(self.clock.interval, .seconds(5)) }

    /// The session of a Lease; `nil` when it is none of ours.
    public init?(_ lease: Lease) {
        guard let holder = lease.holder else { return nil }
        self.holder = holder
        self.clock = LeaseClock(durationSeconds: lease.spec.leaseDurationSeconds ?? LeaseClock.usualSeconds)
    }

    /// Takes in a read of the Lease; `nil` when it is gone. A session that has expired asks in vain.
    ///
    /// - Parameter now: Monotonic time since any fixed moment.
    public mutating func handle(_ lease: Lease?, now: Duration) -> Step {
        guard let lease else { return self.isCleanedUp || self.isLeaving ? .forget : .look }
        guard lease.holder == self.holder else { return .forget }
        self.isLeaving = lease.isLeaving
        if self.clock.observe(lease, now: now) == .expired { return .look }
        if !lease.isExpired, let order = ControllerOrder(lease), order.number != ControllerAnswer(lease)?.number {
            return .perform(order)
        }
        self.isOverSince = nil
        return EndRequest(lease) == nil ? .wait : .look
    }

    /// Takes in what a ``Step/look`` has seen.
    ///
    /// - Parameter now: The same moment as that of the Lease's read.
    public mutating func handle(_ seen: RemoteTermination.Observation, now: Duration) -> Step {
        guard let lease = seen.lease else {
            // Others look after a tunnel that they have, and their Leases are attended to.
            if seen.isShared { return .forget }
            return self.isOver(seen, now) ? .recover(.leaseDeleted(holder: self.holder.person)) : .wait
        }
        if let request = EndRequest(lease) {
            var termination = self.termination ?? RemoteTermination(lease, wasSwitched: seen.isSwitched, insists: false)
            let order = termination.observe(seen, now: now)
            self.termination = termination
            // A proxy that the Service does not lead to is in the middle of a drain.
            if order == .recover, seen.isSwitched || self.isOver(seen, now) { return .recover(request.cause) }
        }
        guard self.clock.observe(lease, now: now) == .expired else { return .wait }
        return self.isOver(seen, now) ? .recover(.expired(holder: self.holder.person)) : .wait
    }

    /// Takes in that the session was cleaned up.
    public mutating func cleanedUp() { self.isCleanedUp = true }

    /// Whether no other client is left to end a session that is over.
    private mutating func isOver(_ seen: RemoteTermination.Observation, _ now: Duration) -> Bool {
        let since = self.isOverSince ?? now
        self.isOverSince = since
        let isHandedOver = seen.lease?.isHandedOver ?? false
        // While others have the tunnel, the Service stays with it.
        if seen.isSwitched, !seen.isShared, now - since >= Self.restoreTimeout { return true }
        return !seen.hasReadyProxy || now - since >= (isHandedOver ? Self.handOverTimeout : Self.proxyTimeout)
    }
}
