import NIOCore
import NIOPosix
import Session
import Tunnel

/// The ways that have to work before the Service is switched, tried from where the proxy is.
struct ReachabilityCheck: Sendable {
    let pod: PodEnd
    let warmUp: (host: String, port: Int)?
    let group: any EventLoopGroup

    /// How long a new Service may take until every node knows it; kube-proxy syncs at most once a second by default.
    static let limit = Duration.seconds(8)

    /// How long one connection may take: until a node knows the Service its packets are lost.
    private static let attempt = Duration.milliseconds(300)

    /// Tries until all works or the time is up.
    func run() async -> ControlLine {
        let clock = ContinuousClock()
        let deadline = clock.now + Self.limit
        while true {
            async let originFailure = self.originFailure()
            async let warmUpFailure = self.warmUpFailure()
            let (origin, warmUp) = await (originFailure, warmUpFailure)
            if (origin == nil && warmUp == nil) || clock.now >= deadline || Task.isCancelled {
                return .checked(origin: origin, warmUp: warmUp)
            }
            try? await Task.sleep(for: .milliseconds(50))
        }
    }

    private func originFailure() async -> String? {
        await self.pod.checkOrigins(timeout: Self.attempt).first { $0.failure != nil }
            .map { "\($0.route): \($0.failure ?? "")" }
    }

    private func warmUpFailure() async -> String? {
        guard let (host, port) = self.warmUp else { return nil }
        do {
            let channel = try await ClientBootstrap(group: self.group).connectTimeout(TimeAmount(Self.attempt))
                .connect(host: host, port: port).get()
            try? await channel.close()
            return nil
        } catch {
            return "\(error)"
        }
    }
}
