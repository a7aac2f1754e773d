extension Checker {
    /// How long a caller may have been under way to the laptop before it was sent to the original pods, in seconds: 1.5 s is
    /// the bound for a silent link.
    static let detour = 2.0

    /// When a Service with the same pods, which nobody intercepts, had no ready endpoint: what the cluster does to every
    /// Service is not the intercept's doing. A kubelet that begins again, for one, takes its pods for not ready until their
    /// probes have run again; 23.6 s after its kill was the latest.
    private static func droughts(_ history: History) -> [ClosedRange<Double>] {
        let most = history.bystander.map(\.ready).max() ?? 0
        return history.bystander.enumerated().compactMap { index, state in
            // It drops pods one after the other, and one of two Services may be written only when the next is back.
            let isReset = state.ready < most && Self.isReset(state.time, history)
            guard state.ready == 0 || isReset else { return nil }
            let enough = isReset ? most : 1
            let until = history.bystander[index...].first { $0.ready >= enough }?.time ?? max(history.end, state.time)
            return state.time...until
        }
    }

    /// Whether a kubelet has begun again just before, and may not have run all probes yet.
    private static func isReset(_ moment: Double, _ history: History) -> Bool {
        history.faults.contains { $0.kind == .kubeletKill && ($0.begin...$0.end + Self.firstProbes).contains(moment) }
    }

    /// How long after its kill a kubelet may take its pods for not ready, in seconds.
    static let firstProbes = 24.0

    /// Whether the bystander was without ready endpoints in this time, too.
    static func isStarved(from start: Double, to end: Double, _ history: History) -> Bool {
        Self.droughts(history).contains {
            $0.lowerBound <= start + Self.watchSlack && end <= $0.upperBound + Self.watchSlack
        }
    }

    /// Whether a request came while the bystander had no ready endpoint, as far as nodes knew, and no laptop answered.
    static func isStarved(_ request: History.Request, _ history: History) -> Bool {
        let isDry = Self.droughts(history).contains {
            request.start >= $0.lowerBound - Self.detour && request.start <= $0.upperBound + Self.watchSlack
                && request.end >= $0.lowerBound - Self.slack
        }
        return isDry && !Self.isAtLaptop(request, history)
    }

    /// Whether a request came while an original pod that was deleted still got traffic: until the slices of the Service that
    /// nobody intercepts have dropped it, callers of that one are sent to it, too.
    static func isSentToDeleted(_ request: History.Request, _ history: History) -> Bool {
        history.faults.contains { fault in
            guard fault.kind == .deleteOriginalPod, request.end >= fault.begin else { return false }
            let counts = history.bystander.drop { $0.time < fault.begin - Self.slack }
            let before = history.bystander.last { $0.time < fault.begin - Self.slack }?.ready ?? 0
            let dropped = counts.first { $0.ready < before }?.time ?? fault.begin
            return request.start <= dropped + Self.watchSlack && !Self.isAtLaptop(request, history)
        }
    }

    /// Whether others of its kind were answered by a laptop right before and right after: it needs no original pods.
    private static func isAtLaptop(_ request: History.Request, _ history: History) -> Bool {
        let moment = request.start
        func answers(_ moments: ClosedRange<Double>) -> Bool {
            history.requests.contains {
                $0.ok && $0.isFresh && $0.who != "cluster" && moments.contains($0.start)
                    && ($0.port, $0.user) == (request.port, request.user)
            }
        }
        return answers(moment - Self.slack...moment) && answers(moment...moment + Self.slack)
    }
}
