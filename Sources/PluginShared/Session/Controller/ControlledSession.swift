public import Kubernetes

/// What the controller does about one Lease, and when: what was read goes in, a step comes out, time is an argument.
///
/// It carries out what the plugin asks for. Besides, it undoes a session that nobody else can, whoever began it: a proxy that
/// is Ready does that by itself, and gets the time for it.
public struct ControlledSession: Sendable {
    /// What to do.
    public enum Step: Sendable, Equatable {
        /// Undo the session.
        case undo(RestoreCause)
        /// Look again soon.
        case wait
        /// The session is over.
        case forget
    }

    /// How long a proxy that is Ready gets to end its session: it waits for original pods (30 s) and drains (30 s).
    static let patience = Duration.seconds(70)

    private let holder: Holder
    private var clock: LeaseClock
    private var handOver: HandOver?
    private var isOverSince: Duration?
    private var isUndone = false

    /// How often to look: often enough for ``HandOver``, however long the Lease may be silent.
    public var interval: Duration { min(self.clock.interval, .seconds(2)) }

    /// The session of a Lease; `nil` when it is none of ours.
    public init?(_ lease: Lease) {
        guard let holder = Holder(lease.spec.holderIdentity) else { return nil }
        self.holder = holder
        self.clock = LeaseClock(durationSeconds: lease.spec.leaseDurationSeconds ?? LeaseClock.usualSeconds)
    }

    /// What the plugin asks for, and nobody has answered yet; `nil` for nothing. A session that has expired asks in vain.
    ///
    /// - Parameter now: Monotonic time since any fixed moment.
    public mutating func order(in lease: Lease?, now: Duration) -> ControllerOrder? {
        guard let lease, Holder(lease.spec.holderIdentity) == self.holder,
            self.clock.observe(lease, now: now) == .held, !lease.isExpired,
            let order = ControllerOrder(lease), order.number != ControllerAnswer(lease)?.number
        else { return nil }
        return order
    }

    /// Takes in what was read, when there is no order.
    ///
    /// - Parameter now: Monotonic time since any fixed moment.
    public mutating func handle(_ seen: HandOver.Observation, now: Duration) -> Step {
        guard let lease = seen.lease else {
            if self.isUndone { return .forget }
            return self.isOver(seen, now) ? .undo(.leaseDeleted(holder: self.holder.person)) : .wait
        }
        guard Holder(lease.spec.holderIdentity) == self.holder else { return .forget }
        if let request = EndRequest(lease) {
            var handOver = self.handOver ?? HandOver(lease, wasSwitched: seen.isSwitched, insists: false)
            let order = handOver.observe(seen, now: now)
            self.handOver = handOver
            if order == .undo { return .undo(request.cause) }
        }
        guard self.clock.observe(lease, now: now) == .expired else {
            self.isOverSince = nil
            return .wait
        }
        return self.isOver(seen, now) ? .undo(.expired(holder: self.holder.person)) : .wait
    }

    /// Takes in that the session was undone.
    public mutating func undone() { self.isUndone = true }

    /// Whether nobody else is left to end a session that is over.
    private mutating func isOver(_ seen: HandOver.Observation, _ now: Duration) -> Bool {
        let since = self.isOverSince ?? now
        self.isOverSince = since
        return !seen.hasReadyProxy || now - since >= Self.patience
    }
}
