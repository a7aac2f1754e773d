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

    /// How long the kernel keeps the translation of a connection that nobody has answered, in seconds: 120 s by default
    /// (`nf_conntrack_tcp_timeout_syn_sent`) from the last of the packets that ask for it, 7 s after the first.
    private static let translation = 127.0

    /// Whether the kernel led the connection to an endpoint that its node's rules did not name any more, by the translation of
    /// an earlier one from the same port that nobody had answered. Ports come again: Linux begins at another one every 10 s
    /// (`EPHEMERAL_PORT_SHUFFLE_PERIOD`; 27 % of the new connections of one second were seen to go where a pod had been).
    static func isLedByOldTranslation(_ request: History.Request, _ history: History) -> Bool {
        guard let address = request.endpoint?.prefix(while: { $0 != ":" }) else { return false }
        func isNamed(at time: Double) -> Bool {
            let before = history.rules.last { $0.time <= time - Self.look }
            let around = history.rules.filter { abs($0.time - time) <= Self.look }
            return ([before].compactMap { $0 } + around).contains { $0.addresses.contains(String(address)) }
        }
        guard !history.rules.isEmpty, !isNamed(at: request.start) else { return false }
        return history.requests.contains { earlier in
            !earlier.ok && earlier.endpoint == request.endpoint && isNamed(at: earlier.start)
                && earlier.start < request.start && request.start - earlier.start <= Self.translation
        }
    }
}
