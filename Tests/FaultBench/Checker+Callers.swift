extension Checker {
    /// How long a new connection may wait for its answer, in seconds: 1.5 s until a silent link is left alone, and what
    /// two busy cores take. The bound itself is measured elsewhere, without company.
    static let callerTimeout = 5.0

    /// What the client says when it had no answer within 10 s, and the kernel's table of connections shows that nobody was
    /// asked: the Service's virtual address was never translated. That is between kube-proxy and the kernel.
    static let untranslated = "no answer: the kernel did not translate the Service's address"

    /// I1: what callers notice, and what the Service's slices say.
    static func callers(_ history: History) -> [Violation] {
        var found: [Violation] = []
        for request in history.requests where !request.ok && !Self.isWrong(request) {
            guard !history.faults.contains(where: { Self.explains($0, request, history) }),
                !Self.isCut(request, history), !Self.isUndrained(request, history), !Self.isDisarmed(request, history),
                !Self.isStarved(request, history), !Self.isBare(request, history),
                !Self.isSentToDeleted(request, history), !Self.isMisled(request, history),
                !Self.isLedByOldTranslation(request, history), request.error != Self.untranslated
            else { continue }
            let departure = Self.departure(beside: request, history)
            let whose = request.user.map { " of \($0)" } ?? ""
            let when = departure.map { " when \($0.who) left" } ?? ""
            found.append(
                Violation(
                    departure == nil ? .i1 : .i12, at: request.start,
                    "\(request.mode) on port \(request.port)\(whose) failed until \(request.end)\(when): "
                        + (request.error ?? "")))
        }
        for request in history.requests where request.ok && request.mode == "connection-per-request" {
            let wait = request.end - request.start
            guard wait > Self.callerTimeout else { continue }
            let pauses = Self.faults(history, from: request.start - 1, to: request.end) {
                $0 == .proxyPause || $0.allowance.refusal > 0
            }
            // Where a request may break, it may as well be answered late.
            guard pauses.isEmpty, !history.faults.contains(where: { Self.explains($0, request, history) }),
                !Self.isStarved(request, history), !Self.isMisled(request, history)
            else { continue }
            found.append(Violation(.i1, at: request.start, "a caller waited for \(wait) s"))
        }
        for (index, state) in history.endpoints.enumerated() where state.ready == 0 {
            let until = history.endpoints[index...].first { $0.ready > 0 }?.time ?? history.end
            let isAllowed = history.faults.contains { fault in
                let limit = fault.kind.allowance.empty
                return limit > 0 && fault.begin - Self.slack <= state.time
                    && until <= Self.time(limit, after: fault, history) + Self.watchSlack
            }
            guard !Self.isStarved(from: state.time, to: until, history),
                !Self.isBare(from: state.time, to: until, history)
            else { continue }
            if !isAllowed { found.append(Violation(.i1, at: state.time, "no ready endpoint until \(until)")) }
        }
        return found
    }

    /// The moment until which a fault that takes a proxy away may be noticed. While the API server is away nobody can point
    /// a Service at other pods, whoever it belongs to: then the time begins when it is back.
    static func time(_ limit: Double, after fault: History.Fault, _ history: History) -> Double {
        history.faults.filter { $0.kind == .serverKill || $0.kind == .serverPause }.sorted { $0.begin < $1.begin }
            .reduce(fault.begin + limit) { moment, outage in
                outage.begin <= moment && outage.end >= fault.begin ? max(moment, outage.end + limit) : moment
            }
    }

    /// Whether a fault is why a request failed.
    static func explains(_ fault: History.Fault, _ request: History.Request, _ history: History) -> Bool {
        // What strikes one laptop is noticed by those who may be at it.
        if let who = fault.who, let session = history.sessions.first(where: { $0.who == who }),
            !Self.mayBeAt(session, request, history)
        {
            return false
        }
        let allowance = fault.kind.allowance
        if allowance.refusal > 0, request.end >= fault.begin - Self.slack,
            request.start <= Self.time(allowance.refusal, after: fault, history) + Self.slack
        {
            return true
        }
        guard let detection = allowance.detection, request.end >= fault.begin - Self.slack else { return false }
        // A connection that was open before breaks once the fault is detected, whichever request is on it.
        let isInTime = request.isFresh ? request.start <= fault.begin : request.start <= fault.begin + detection
        guard isInTime || request.start <= fault.begin + Self.slack else { return false }
        // The client itself gives up after 10 s.
        return request.end <= max(fault.begin + detection, request.start + 10) + Self.watchSlack
    }

    /// Whether a request was at the laptop when a tunnel was lost that a fault had made unsteady.
    static func isCut(_ request: History.Request, _ history: History) -> Bool {
        history.sessions.contains { session in
            session.linkLosses.contains { loss in
                // Either end hears of it first.
                guard request.start <= loss + Self.watchSlack, request.end >= loss - Self.watchSlack,
                    request.start >= loss - 12, Self.mayBeAt(session, request, history)
                else { return false }
                return history.faults.contains { fault in
                    fault.kind.allowance.detection != nil && fault.begin <= loss
                        && loss <= (fault.settled ?? .infinity) + Self.watchSlack
                }
            }
        }
    }

    /// Whether a request was open when a session that was coming to its end was told to end: that skips the drain,
    /// but for the time in which nodes follow.
    static func isUndrained(_ request: History.Request, _ history: History) -> Bool {
        history.faults.contains { second in
            guard second.kind.interrupts, request.start <= second.begin + Self.slack,
                request.end >= second.begin - Self.slack,
                request.end <= second.begin + Self.follow + Self.watchSlack
            else { return false }
            if history.sessions.contains(where: { $0.isEnding(at: second.begin + Self.slack) }) { return true }
            return history.faults.contains { first in
                first != second && first.kind.maySwitchBack && first.begin <= second.begin
                    && second.begin <= (first.settled ?? .infinity)
            }
        }
    }

    /// Whether the way to the original pods had been deleted a moment before something else broke the tunnel: the session
    /// was about to end for it.
    static func isDisarmed(_ request: History.Request, _ history: History) -> Bool {
        let limit = Self.follow
        return history.faults.contains { fault in
            guard fault.kind == .deleteOrigin, request.end >= fault.begin, request.start <= fault.begin + limit else {
                return false
            }
            return history.faults.contains {
                $0.kind.allowance.detection != nil && $0.begin <= fault.begin + limit && $0.end >= fault.begin - limit
            }
        }
    }

    /// I4: an answer that is wrong has no excuse.
    static func answers(_ history: History) -> [Violation] {
        history.requests.filter(Self.isWrong).map {
            Violation(.i4, at: $0.start, "\($0.mode): \($0.error ?? "an answer without a name")")
        }
    }

    /// The errors of an answer that came, but is not what was asked for.
    static let wrongAnswers = ["not an HTTP answer", "another answer", "status"]

    static func isWrong(_ request: History.Request) -> Bool {
        if request.ok { return request.who == nil }
        return Self.wrongAnswers.contains { request.error?.hasPrefix($0) == true }
    }
}
