extension Checker {
    /// A session's leaving or death, and the time in which nobody else may notice it: to the end of its drain, or until its Lease has
    /// run out.
    struct Departure {
        var who: String
        var kind: FaultKind
        var begin: Double
        var until: Double
    }

    static func departures(_ history: History) -> [Departure] {
        history.faults.compactMap { fault in
            guard fault.kind.isDeparture, let who = fault.who else { return nil }
            let end = history.sessions.first { $0.who == who }?.end ?? fault.begin
            let time = fault.kind.kills ? fault.begin + history.lease + Self.restoreSlack : max(end, fault.begin)
            return Departure(who: who, kind: fault.kind, begin: fault.begin, until: time + Self.watchSlack)
        }
    }

    /// When a session began to end, for whatever reason.
    static func over(_ session: History.Session, _ history: History) -> Double {
        let told = history.faults.filter { $0.kind.isDeparture && $0.who == session.who }.map(\.begin)
        return (told + session.endings + [session.end ?? .infinity]).min() ?? .infinity
    }

    /// Whether others have the tunnel, too, at a moment.
    static func hasOthers(_ who: String?, at moment: Double, _ history: History) -> Bool {
        history.sessions.contains {
            $0.who != who && ($0.ready ?? .infinity) <= moment && Self.over($0, history) > moment + Self.slack
        }
    }

    /// How long a connection that was open before a session had its rule may lead past it, in seconds: one of a pool is used every
    /// few seconds, and is ended behind an answer.
    private static let pastRule = 10.0

    /// Whether a request may be at a session's laptop: it is one of its claim, and no other's rule goes first.
    static func mayBeAt(_ session: History.Session, _ request: History.Request, _ history: History) -> Bool {
        guard session.claim.covers(port: request.port, user: request.user) else { return false }
        guard session.claim.user == nil else { return true }
        let settling = request.isFresh ? Self.follow : Self.pastRule
        return !history.sessions.contains { other in
            guard let ready = other.ready, other.claim.user != nil,
                other.claim.covers(port: request.port, user: request.user)
            else { return false }
            return ready + settling <= request.start && Self.over(other, history) > request.end + Self.slack
        }
    }

    /// The departure of another that a request which nothing explains was beside.
    static func departure(beside request: History.Request, _ history: History) -> Departure? {
        Self.departures(history).first { departure in
            guard request.start <= departure.until, request.end >= departure.begin - Self.slack,
                let session = history.sessions.first(where: { $0.who == departure.who })
            else { return false }
            return !Self.mayBeAt(session, request, history)
        }
    }

    /// Whether something is done in a time, or not got over yet, that others may notice. Answers may still come as they should when
    /// it has not been noticed yet.
    private static func isDisturbed(from: Double, to: Double, _ history: History) -> Bool {
        history.faults.contains { fault in
            guard fault.kind.disturbsOthers, fault.begin - Self.slack <= to else { return false }
            let allowance = fault.kind.allowance
            let late =
                fault.kind.isClusterWide
                ? Self.firstProbes : max(allowance.detection ?? 0, allowance.refusal, allowance.empty, Self.watchSlack)
            return max(fault.end, fault.settled ?? .infinity) + late >= from
        }
    }

    /// How long a stream may pause where its server sends ten times a second, in seconds: two busy cores.
    static let streamPause = 2.0

    /// I12: who leaves takes nobody's tunnel, stream or Service along. Failed requests are ``callers(_:)``'s.
    static func departed(_ history: History) -> [Violation] {
        let stretches = Self.switched(history)
        return Self.departures(history).flatMap { departure -> [Violation] in
            // Who has the tunnel, too, and stays.
            let others = history.sessions.filter {
                $0.who != departure.who && ($0.ready ?? .infinity) <= departure.begin
                    && Self.over($0, history) > departure.begin + Self.slack
            }
            return Self.takenAlong(departure, others, history)
                + Self.paused(departure, history)
                + Self.unled(departure, others, stretches, history)
        }
    }

    private static func takenAlong(
        _ departure: Departure, _ others: [History.Session], _ history: History
    ) -> [Violation] {
        others.flatMap { other in
            let told = history.faults.filter { $0.kind.isDeparture && $0.who == other.who }.map(\.begin).min()
            var moments = other.linkLosses.map { ($0, "lost its tunnel") }
            if let end = other.end { moments.append((end, "ended")) }
            return moments.compactMap { moment, what -> Violation? in
                guard (departure.begin...departure.until).contains(moment), moment < told ?? .infinity,
                    !Self.isDisturbed(from: departure.begin - Self.watchSlack, to: moment, history)
                else { return nil }
                return Violation(.i12, at: moment, "\(other.who) \(what) when \(departure.who) left")
            }
        }
    }

    private static func paused(_ departure: Departure, _ history: History) -> [Violation] {
        guard let session = history.sessions.first(where: { $0.who == departure.who }) else { return [] }
        return history.requests.compactMap { request in
            guard let pause = request.pause, let begin = request.pausedAt, pause > Self.streamPause,
                begin <= departure.until, begin + pause >= departure.begin,
                !Self.mayBeAt(session, request, history),
                !Self.isDisturbed(from: begin - Self.watchSlack, to: begin + pause, history)
            else { return nil }
            return Violation(.i12, at: begin, "a stream stood still for \(pause) s when \(departure.who) left")
        }
    }

    private static func unled(
        _ departure: Departure, _ others: [History.Session], _ stretches: [Switched], _ history: History
    ) -> [Violation] {
        stretches.compactMap { stretch in
            guard let end = stretch.end, (departure.begin - Self.slack...departure.until).contains(end),
                let other = others.first(where: { Self.over($0, history) > end + Self.slack }),
                !Self.isDisturbed(from: departure.begin - Self.watchSlack, to: end, history)
            else { return nil }
            return Violation(
                .i12, at: end, "the Service was restored when \(departure.who) left, and \(other.who) still had it")
        }
    }
}
