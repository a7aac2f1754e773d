/// Decides when the connections of one port that passed through to the origin are brought back to the laptop.
///
/// A pool that has only such connections opens no new one, so the laptop is asked: with a connection that nothing is
/// sent on, for as long as others pass through. A value: facts and the time come in, orders go out.
struct Recall: Equatable {
    /// What to do because time has passed.
    enum OnTimePassed: Equatable {
        /// Nothing yet.
        case nothing
        /// Ask the laptop whether its local process answers.
        case ask
        /// It does: end the connections that are quiet.
        case endQuiet
        /// No connection passes through any more: nobody needs to look again before one does.
        case stop
    }

    /// How long before the laptop is asked for the first time, and the least time between two: 1 s.
    static let shortestPause: Duration = .seconds(1)
    /// The most time from one answer to the next question: 8 s. The pause doubles until then.
    static let longestPause: Duration = .seconds(8)

    private enum State: Equatable {
        /// Nothing passes through. Next: `waiting`.
        case idle
        /// The laptop is asked at this time. Next: `asking`, `answering`, `idle`.
        case waiting(until: Duration, pause: Duration)
        /// The laptop was asked. Next: `waiting`, `answering`, `idle`.
        case asking(pause: Duration)
        /// The local process answers. Next: `waiting`, `idle`.
        case answering
    }

    private var state: State = .idle

    /// Whether connections are being ended.
    var isOn: Bool { self.state == .answering }

    /// Records that a connection passes through.
    mutating func passedThrough(now: Duration) {
        guard self.state == .idle else { return }
        self.wait(for: Recall.shortestPause, now: now)
    }

    /// Records that the local process took a connection, of a caller's or the one that asks.
    mutating func answered() {
        guard self.state != .idle else { return }
        self.state = .answering
    }

    /// Records that it did not, or that nobody could ask it.
    mutating func refused(now: Duration) {
        switch self.state {
        case .idle, .waiting: break
        case .asking(let pause): self.wait(for: min(pause * 2, Recall.longestPause), now: now)
        case .answering: self.wait(for: Recall.shortestPause, now: now)
        }
    }

    /// Says what to do at this time.
    ///
    /// - Parameters:
    ///   - passing: How many connections of the port pass through.
    ///   - isUsable: Whether the link takes new connections.
    mutating func timePassed(now: Duration, passing: Int, isUsable: Bool) -> OnTimePassed {
        guard passing > 0 else {
            self.state = .idle
            return .stop
        }
        guard isUsable else {
            self.wait(for: Recall.shortestPause, now: now)
            return .nothing
        }
        switch self.state {
        case .waiting(let until, let pause) where now >= until:
            self.state = .asking(pause: pause)
            return .ask
        case .answering: return .endQuiet
        case .idle, .waiting, .asking: return .nothing
        }
    }

    private mutating func wait(for pause: Duration, now: Duration) {
        self.state = .waiting(until: now + pause, pause: pause)
    }
}
