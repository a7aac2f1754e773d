import Session
import Tunnel

/// The way that has to work before the Service is switched, tried from where the proxy is: each port of the originals.
struct ReachabilityCheck: Sendable {
    let pod: PodEnd

    /// How long a new Service may take until every node knows it; kube-proxy syncs at most once a second by default.
    static let limit = Duration.seconds(8)

    /// How long one connection may take: until a node knows the Service its packets are lost.
    private static let attempt = Duration.milliseconds(300)

    /// Tries until it works or the time is up.
    func run() async -> ControlLine {
        let clock = ContinuousClock()
        let deadline = clock.now + Self.limit
        while true {
            let failed = await self.pod.checkOrigins(timeout: Self.attempt).first { $0.failure != nil }
            if failed == nil || clock.now >= deadline || Task.isCancelled {
                return .checked(obstacle: failed.map { "\($0.route): \($0.failure ?? "")" })
            }
            try? await Task.sleep(for: .milliseconds(50))
        }
    }
}
