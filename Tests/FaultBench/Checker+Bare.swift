extension Checker {
    /// How long a Service may be without a ready endpoint until its session has given it back, in seconds: 0.25 was
    /// measured. Any Service has none from the moment on in which its only pod is deleted.
    static let giveBack = 1.0

    /// Whether a request came while the Service had no ready endpoint for that reason, as far as nodes knew.
    static func isBare(_ request: History.Request, _ history: History) -> Bool {
        history.endpoints.enumerated().contains { index, state in
            guard state.ready == 0, request.start >= state.time - Self.watchSlack else { return false }
            let until = history.endpoints[index...].first { $0.ready > 0 }?.time ?? history.end
            return request.start <= until + Self.watchSlack && Self.isBare(from: state.time, to: until, history)
        }
    }

    /// Whether the proxy's pod was deleted while the one before it was still on its way out.
    ///
    /// Until that one has gone the Service must not publish pods that are not ready, by which a pod that is being deleted
    /// keeps its traffic: the other would get some, too.
    static func isBare(from start: Double, to end: Double, _ history: History) -> Bool {
        guard end - start <= Self.giveBack, let state = history.services.last(where: { $0.time <= start }),
            let session = history.sessions.first(where: { $0.identity != nil && $0.identity == state.session }),
            state.text?.contains("\"publishNotReadyAddresses\"") != true
        else { return false }
        let isDeleted = Self.faults(history, from: start - Self.watchSlack, to: start + Self.slack) {
            $0 == .deletePod || $0 == .deleteDeployment
        }
        let isBesideAnother = Self.faults(history, from: session.begin, to: state.time) {
            $0 == .deletePod || $0 == .forceDeletePod
        }
        return !isDeleted.isEmpty && !isBesideAnother.isEmpty
    }
}
