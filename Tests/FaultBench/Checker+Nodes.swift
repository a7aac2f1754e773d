extension Checker {
    /// How long kube-proxy may not hear of a Service after an API server was away, in seconds: client-go waits for twice as
    /// long after each failure to list, up to 30 s and as much by chance (reflector.go). 12 s were measured.
    static let relist = 60.0
    /// How often the node's rules are looked at, in seconds, and a little more.
    private static let look = 0.5

    /// Whether the caller's node did not know the Service's endpoints yet, since the API server had been away: its rules were
    /// other ones, and still those from before.
    static func isMisled(_ request: History.Request, _ history: History) -> Bool {
        let outages = Self.faults(history, from: request.start - Self.relist, to: request.start) {
            $0 == .serverKill || $0 == .serverPause
        }
        guard let slices = history.endpoints.last(where: { $0.time <= request.start })?.addresses.map(Set.init) else {
            return false
        }
        // Where it is known which endpoint was chosen, that counts.
        if let address = request.endpoint?.prefix(while: { $0 != ":" }), slices.contains(String(address)) {
            return false
        }
        let before = history.rules.last { $0.time <= request.start - Self.look }
        let around = history.rules.filter { abs($0.time - request.start) <= Self.look }
        return ([before].compactMap { $0 } + around).contains { rules in
            Set(rules.addresses) != slices && outages.contains { rules.time <= $0.end + Self.look }
        }
    }
}
