extension Checker {
    /// How long a proxy may take to notice a lost tunnel before the plugin restores the Service, in seconds:
    /// `ProxySilence.timeoutSeconds`.
    static let proxyTimeout = 2.0

    /// How long a tunnel may be silent before the plugin asks the API server, in seconds: `Timing.pingTimeout`.
    static let pingTimeout = 0.5

    /// I8: every switch back has a reason.
    static func reasons(_ history: History) -> [Violation] {
        Self.switched(history).compactMap { stretch in
            guard let end = stretch.end else { return nil }
            let session = history.sessions.first { $0.identity == stretch.session }
            let offset = session?.clockOffset ?? 0
            let begin = session?.begin ?? stretch.begin
            let reasons = history.faults.filter { fault in
                guard fault.begin <= end + Self.slack, fault.end >= begin - Self.slack else { return false }
                if fault.kind.maySwitchBack { return true }
                // Whoever leaves as the last one ends the tunnel.
                if fault.kind == .colleagueLeave || fault.kind == .colleagueKill {
                    return !Self.hasOthers(fault.who, at: fault.begin, history)
                }
                // Silence is a reason only when it was as long as the Lease; renewals come three times in it.
                let silence = (fault.kind == .pluginKill ? end : min(fault.end, end)) - fault.begin
                return fault.kind.silencesLaptop && silence >= history.lease * 0.6
            }
            guard reasons.isEmpty, !Self.isUnfinished(stretch.session, at: end, history),
                !Self.members(stretch, history).contains(where: { Self.isProxySilent(at: end, $0, history) })
            else { return nil }
            return Violation(
                offset == 0 ? .i8 : .i7, at: end, "the Service was taken from session \(stretch.session) for no reason")
        }
    }

    /// Whether a session that had not begun yet met an API server that was away: its plugin does not know then whether the
    /// switch was done, and undoes it.
    private static func isUnfinished(_ session: String, at end: Double, _ history: History) -> Bool {
        guard !history.sessions.contains(where: { $0.identity == session }) else { return false }
        return history.failedStarts.contains { start in
            guard let over = start.end, start.begin <= end, end <= over + Self.watchSlack else { return false }
            return !Self.faults(history, from: start.begin, to: end) { $0 == .serverKill || $0 == .serverPause }.isEmpty
        }
    }

    /// Whether the tunnel was silent while the API server answered, or the plugin had lost it for long enough, and what was done kept the proxy from noticing: its own
    /// stop, or a kubelet that holds its end of the port-forward and does not look at it.
    private static func isProxySilent(at end: Double, _ session: History.Session, _ history: History) -> Bool {
        guard session.silences.contains(where: { abs($0 - end) <= Self.watchSlack }) else { return false }
        // The tunnel need not be lost for that: half a second without an answer is enough.
        let isUnanswered = history.faults.contains {
            $0.kind.silencesTunnel && $0.begin + Self.pingTimeout - Self.slack <= end
                && end <= $0.end + Self.pingTimeout + Self.watchSlack
        }
        if isUnanswered { return true }
        guard let lost = session.linkLosses.last(where: { $0 < end }), end - lost >= Self.proxyTimeout - Self.slack
        else { return false }
        return !Self.faults(history, from: lost - Self.slack, to: end) { $0.hidesLoss }.isEmpty
    }
}
