import Session
import Tunnel

/// The paths that have to work before the Service is switched, tried from the proxy's pod: each port of the originals.
struct ReachabilityCheck: Sendable {
    let pod: PodEnd

    /// How long a new Service may take until every node knows it; kube-proxy syncs at most once a second by default.
    static let limit = Duration.seconds(8)

    /// How long one connection may take: until a node knows the Service its packets are lost.
    private static let attempt = Duration.milliseconds(300)

    /// How long ports may be refused until it is the pods that refuse them: a node that knows the Service and no pod of it
    /// does so too, for a sync of kube-proxy and a bit.
    private static let refusalLimit = Duration.seconds(3)

    /// Tries until it works or the time is up. A port that is refused today is nobody's to lose: where another one answers,
    /// or none has for three seconds, it is said and does not count.
    func run() async -> ControlLine {
        let clock = ContinuousClock()
        let start = clock.now
        while true {
            let checks = await self.pod.checkOrigins(timeout: Self.attempt)
            let elapsed = clock.now - start
            let unanswered = checks.first { $0.failure != nil && !$0.isRefused }
            let refusing = checks.filter(\.isRefused).map(\.route)
            let isKnown = checks.contains { $0.failure == nil } || elapsed >= Self.refusalLimit
            if unanswered == nil ? refusing.isEmpty || isKnown : elapsed >= Self.limit || Task.isCancelled {
                return .checked(
                    obstacle: unanswered.map { "\($0.route): \($0.failure ?? "")" }, refusing: refusing)
            }
            try? await Task.sleep(for: .milliseconds(50))
        }
    }
}
