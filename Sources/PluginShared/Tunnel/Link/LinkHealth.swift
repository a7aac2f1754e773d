/// Decides from acknowledgements and their absence whether a link can be trusted with new connections.
///
/// A value: facts and the time come in, orders go out. Times are readings of any one monotonic clock.
struct LinkHealth {
    /// What the link is good for.
    enum Standing: Equatable {
        /// No PING has come back yet. Next: `up` or `dead`.
        case starting
        /// Acknowledgements come. Next: `suspect` or `dead`.
        case up
        /// A CONNECT went unanswered, or a PING where that counts: new connections go elsewhere. Next: `up` or `dead`.
        case suspect
        /// Nothing came back for too long. Final.
        case dead
    }

    /// What to do because time has passed.
    enum OnTimePassed: Equatable {
        /// Send a PING with this number.
        case sendPing(UInt64)
        /// This CONNECT has waited too long: give it up.
        case giveUp(UInt64)
        /// Tell the owner that the link is suspect.
        case becomeSuspect
        /// Close the link: it is dead.
        case declareDead
    }

    /// What to do after an acknowledgement.
    enum OnAcknowledged: Equatable {
        /// Nothing has changed.
        case nothing
        /// The first one: the link is up.
        case becomeUp
        /// The link was suspect and is not any more.
        case recover
    }

    /// What the link is good for now.
    private(set) var standing: Standing = .starting
    /// The last measured round trip; `nil` before the first.
    private(set) var roundTrip: Duration?
    /// The smallest round trip of the last `smallestOver` measurements; `nil` before the first. Queues inflate the
    /// others.
    private(set) var smallestRoundTrip: Duration?

    /// How many measurements the smallest is taken over: 16, a quarter of a minute of PINGs.
    private static let smallestOver = 16
    /// How many times longer a CONNECT may wait while bytes of other streams keep coming: 5. A full link is slow, not
    /// dead, and a dead one brings nothing.
    private static let timeoutFactorWhileMoving = 5
    /// A wake-up this much later than asked for means that this process slept, not that the peer did: 2 s.
    private static let oversleep: Duration = .seconds(2)
    /// The same where a PING is judged by its age: half of what that may be.
    private static let starved: Duration = .milliseconds(250)

    /// The least age that makes an unanswered PING overdue, 100 ms, and the age at which no answer is expected any more
    /// by those who wait for one, 3 s: three times the pause that makes a link suspect.
    private static let overdue = (from: Duration.milliseconds(100), to: Duration.seconds(3))

    private let timing: Timing
    /// Whether an unanswered PING makes the link suspect, too: where no CONNECTs are sent, nothing else can.
    private let suspectsPings: Bool
    private var recentRoundTrips: [Duration] = []
    /// When the peer last gave a sign of life: an acknowledgement, or any bytes at all.
    private var lastSign: Duration
    /// When this process was last known to run: what it slept through says nothing of the peer.
    private var lastWake: Duration
    private var lastPing: Duration?
    private var lastPingID: UInt64 = 0
    private var unacknowledged: [(id: UInt64, sentAt: Duration)] = []
    /// CONNECTs in the order they were sent; answered ones stay until they reach the front.
    private var connects: [(id: UInt64, sentAt: Duration)] = []
    private var connectsStart = 0
    private var waiting: Set<UInt64> = []

    /// Starts watching a link that was authenticated just now.
    init(timing: Timing, suspectsPings: Bool = false, now: Duration) {
        self.timing = timing
        self.suspectsPings = suspectsPings
        self.lastSign = now
        self.lastWake = now
    }

    /// How long a CONNECT may wait for its answer.
    var connectTimeout: Duration {
        max(self.timing.suspectAfter, (self.roundTrip ?? .zero) * self.timing.suspectRoundTrips)
    }

    /// Whether a PING is overdue, but not for so long that the link must be taken for lost.
    func isLate(now: Duration) -> Bool {
        guard self.standing != .dead, let oldest = self.unacknowledged.first else { return false }
        let allowed = max(LinkHealth.overdue.from, (self.roundTrip ?? .zero) * self.timing.suspectRoundTrips)
        return now - oldest.sentAt >= allowed && now - oldest.sentAt < LinkHealth.overdue.to
    }

    /// When a CONNECT sent at some time has waited too long.
    private func deadline(ofConnectSentAt sentAt: Duration) -> Duration {
        let connectTimeout = self.connectTimeout
        let whileMoving = min(
            self.lastSign + self.timing.suspectAfter / 2, sentAt + connectTimeout * LinkHealth.timeoutFactorWhileMoving)
        return max(sentAt + connectTimeout, whileMoving)
    }

    /// When a PING has waited too long; `nil` where that does not count, or none waits. Bytes of any kind begin the wait again.
    private var pingDeadline: Duration? {
        guard self.suspectsPings, self.standing == .up, let oldest = self.unacknowledged.first else { return nil }
        let limit = max(self.timing.pingTimeout, (self.roundTrip ?? .zero) * self.timing.suspectRoundTrips)
        return max(oldest.sentAt, self.lastSign, self.lastWake) + limit
    }

    /// When `timePassed` should be called next, at the latest.
    var nextDeadline: Duration {
        var deadline = self.lastSign + self.timing.deadAfter
        deadline = min(deadline, (self.lastPing.map { $0 + self.timing.pingInterval }) ?? .zero)
        if let pingDeadline { deadline = min(deadline, pingDeadline) }
        if self.connectsStart < self.connects.count {
            deadline = min(deadline, self.deadline(ofConnectSentAt: self.connects[self.connectsStart].sentAt))
        }
        return deadline
    }

    /// Records that a CONNECT was sent.
    mutating func connectSent(_ id: UInt64, now: Duration) {
        self.connects.append((id, now))
        self.waiting.insert(id)
    }

    /// Records that a CONNECT needs no answer any more, without one having come.
    mutating func connectWithdrawn(_ id: UInt64) {
        self.waiting.remove(id)
        self.dropAnswered()
    }

    /// Records that bytes, of whatever frames, last came at this time. They keep the link from dying, since an
    /// acknowledgement may be stuck behind them for long, but they do not end a suspicion.
    mutating func bytesReceived(at time: Duration) {
        self.lastSign = max(self.lastSign, time)
    }

    /// Records an answer to a CONNECT, whatever it says: the peer is alive.
    mutating func connectAnswered(_ id: UInt64, now: Duration) -> OnAcknowledged {
        self.waiting.remove(id)
        self.dropAnswered()
        return self.acknowledged(now: now)
    }

    /// Records the acknowledgement of a PING; one that was never sent, or twice, is ignored.
    mutating func pingAcknowledged(_ id: UInt64, now: Duration) -> OnAcknowledged {
        guard let index = self.unacknowledged.firstIndex(where: { $0.id == id }) else { return .nothing }
        let sample = now - self.unacknowledged[index].sentAt
        self.unacknowledged.removeFirst(index + 1)
        self.roundTrip = sample
        self.recentRoundTrips.append(sample)
        if self.recentRoundTrips.count > LinkHealth.smallestOver { self.recentRoundTrips.removeFirst() }
        self.smallestRoundTrip = self.recentRoundTrips.min()
        return self.acknowledged(now: now)
    }

    /// Makes the number of a PING that is sent out of turn, and counts it as sent.
    mutating func pingRequested(now: Duration) -> UInt64 {
        self.lastPingID &+= 1
        self.lastPing = now
        self.unacknowledged.append((self.lastPingID, now))
        // Eight seconds hold eight in turn; the bound is for those out of turn.
        if self.unacknowledged.count > 64 { self.unacknowledged.removeFirst() }
        return self.lastPingID
    }

    /// Says what to do at this time; call it at `nextDeadline` or sooner.
    mutating func timePassed(now: Duration) -> [OnTimePassed] {
        guard self.standing != .dead else { return [] }
        let slept = now - self.nextDeadline
        // This process was stopped or starved: give the peer's answers, which wait in the socket, a chance.
        if slept > LinkHealth.oversleep { self.lastSign = now }
        if slept > LinkHealth.starved { self.lastWake = now }
        if now - self.lastSign >= self.timing.deadAfter {
            self.standing = .dead
            return [.declareDead]
        }
        var orders: [OnTimePassed] = []
        while self.connectsStart < self.connects.count,
            now >= self.deadline(ofConnectSentAt: self.connects[self.connectsStart].sentAt)
        {
            let id = self.connects[self.connectsStart].id
            self.connectsStart += 1
            if self.waiting.remove(id) != nil { orders.append(.giveUp(id)) }
        }
        self.dropAnswered()
        let isPingLate = self.pingDeadline.map { now >= $0 } ?? false
        let turnsSuspect = (!orders.isEmpty || isPingLate) && self.standing == .up
        if turnsSuspect {
            self.standing = .suspect
            orders.append(.becomeSuspect)
        }
        let isPingDue = self.lastPing.map { now - $0 >= self.timing.pingInterval } ?? true
        if turnsSuspect || isPingDue {
            orders.append(.sendPing(self.pingRequested(now: now)))
        }
        return orders
    }

    private mutating func acknowledged(now: Duration) -> OnAcknowledged {
        switch self.standing {
        case .starting:
            self.lastSign = now
            self.standing = .up
            return .becomeUp
        case .up:
            self.lastSign = now
            return .nothing
        case .suspect:
            self.lastSign = now
            self.standing = .up
            return .recover
        case .dead:
            return .nothing
        }
    }

    private mutating func dropAnswered() {
        while self.connectsStart < self.connects.count, !self.waiting.contains(self.connects[self.connectsStart].id) {
            self.connectsStart += 1
        }
        // Moved up seldom, so that a thousand answers in a row cost one move.
        if self.connectsStart > 64, self.connectsStart * 2 > self.connects.count {
            self.connects.removeFirst(self.connectsStart)
            self.connectsStart = 0
        }
    }
}
