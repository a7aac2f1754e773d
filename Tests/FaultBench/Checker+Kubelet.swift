extension Checker {
    /// For how long after a kubelet was killed it may call pods with a readiness probe not ready: it takes them for so until
    /// it has started, 6 s and more, and their probes have run again. Measured on a Service without any session: no ready
    /// endpoint 6.5 s after the start, for half a second on a quiet machine and 9 s on a busy one; the latest of the
    /// chaos ended 23.6 s after the kill.
    static let kubeletStart = 25.0

    /// Whether the cluster itself had no ready endpoint for the Service in this time, because a kubelet began anew.
    static func isStarved(from start: Double, to end: Double, _ history: History) -> Bool {
        history.faults.contains { fault in
            fault.kind == .kubeletKill && fault.begin <= start && end <= fault.begin + Self.kubeletStart
        }
    }

    /// Whether a request came while the Service had no ready endpoint for that reason, as far as nodes knew.
    static func isStarved(_ request: History.Request, _ history: History) -> Bool {
        history.endpoints.enumerated().contains { index, state in
            guard state.ready == 0 else { return false }
            let until = history.endpoints[index...].first { $0.ready > 0 }?.time ?? history.end
            return Self.isStarved(from: state.time, to: until, history)
                && request.end >= state.time - 1 && request.start <= until + Self.watchSlack
        }
    }
}
