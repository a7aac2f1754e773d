/// What passed on one connection and when, as far as the drain needs to know.
struct ConnectionActivity: Equatable {
    /// When the connection was accepted.
    private(set) var since: Duration
    /// When bytes, or a FIN, last came from the caller; `nil` if never.
    private(set) var lastFromCaller: Duration?
    /// When the answer to those bytes began; `nil` if it has not.
    private(set) var answerBegan: Duration?
    /// When bytes last came from the server; `nil` if never.
    private(set) var lastFromServer: Duration?
    /// How long after the last answer but one the next request came; `nil` before the second.
    private(set) var gap: Duration?

    /// Starts with a connection on which nothing has passed.
    init(acceptedAt: Duration) {
        self.since = acceptedAt
    }

    /// Whether no byte has come, from neither side.
    var isFresh: Bool { self.lastFromCaller == nil && self.lastFromServer == nil }
    /// Whether the last bytes came from the server.
    var isAnswered: Bool { self.answerBegan != nil }

    /// Records bytes or a FIN from the caller.
    mutating func callerSent(now: Duration) {
        if self.answerBegan != nil, let lastFromServer { self.gap = now - lastFromServer }
        self.lastFromCaller = now
        self.answerBegan = nil
    }

    /// Records bytes from the server.
    mutating func serverSent(now: Duration) {
        self.lastFromServer = now
        if self.answerBegan == nil { self.answerBegan = now }
    }
}

/// Decides which connections can be ended without hurting a request, while the pod drains.
enum DrainPolicy {
    /// An answer that takes longer than this is a stream, and its pauses are no ends: 500 ms.
    static let streamedAnswer: Duration = .milliseconds(500)

    /// The silence that makes a connection quiet, by the time spent draining: 1 s at first, then shorter, so that a
    /// keep-alive pool that is never silent for a second is ended between two requests all the same. A pool that sends
    /// 50 requests a second over its last used connection leaves it 20 ms (measured).
    static func silence(afterDraining elapsed: Duration) -> Duration {
        if elapsed < .seconds(3) { return .seconds(1) }
        if elapsed < .seconds(6) { return .milliseconds(250) }
        if elapsed < .seconds(9) { return .milliseconds(100) }
        if elapsed < DrainPolicy.lastPhase { return .milliseconds(30) }
        return .milliseconds(10)
    }

    /// When the drain no longer spares the moment in which the next request is due.
    private static let lastPhase: Duration = .seconds(12)
    /// How near to that moment it is spared at most: 20 ms, for two busy cores. The silence of one phase, 100 ms, was
    /// exactly the pause of a pool's connections, and a request met the FIN.
    private static let nearness: Duration = .milliseconds(20)

    /// Whether the next request is due about now, if it comes as the last did.
    private static func isDue(_ activity: ConnectionActivity, silence: Duration) -> Bool {
        guard let gap = activity.gap else { return false }
        return abs((silence - gap) / .seconds(1)) < min(DrainPolicy.nearness, gap / 4) / .seconds(1)
    }

    /// Whether a connection may be ended now.
    ///
    /// Quiet is one whose last bytes came from the server, or on which none ever passed, and which has been silent
    /// long enough. One whose last bytes came from the caller waits for an answer: it is never quiet.
    ///
    /// - Parameters:
    ///   - stalled: When bytes were last late for want of time here, or in the tunnel: silence begins after that.
    ///   - roundTrip: The link's: an answer that fills its window pauses for as long.
    static func isQuiet(
        _ activity: ConnectionActivity, now: Duration, drainingSince start: Duration, stalled: Duration = .zero,
        roundTrip: Duration = .zero
    ) -> Bool {
        // A connection that came during the drain, from a node that follows late, has all of its time before it.
        let elapsed = now - max(start, activity.since)
        let silence = max(DrainPolicy.silence(afterDraining: elapsed), roundTrip * 2)
        guard let lastFromServer = activity.lastFromServer else {
            guard activity.lastFromCaller == nil else { return false }
            return now - max(activity.since, stalled) >= silence
        }
        if let lastFromCaller = activity.lastFromCaller, lastFromCaller > lastFromServer || activity.answerBegan == nil
        {
            return false
        }
        if elapsed < DrainPolicy.lastPhase, DrainPolicy.isDue(activity, silence: now - lastFromServer) {
            return false
        }
        let began = activity.answerBegan ?? lastFromServer
        let isStreamed = lastFromServer - began >= DrainPolicy.streamedAnswer
        return now - max(lastFromServer, stalled) >= (isStreamed ? .seconds(1) : silence)
    }
}
