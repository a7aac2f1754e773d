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
        await self.pod.checkOrigins(timeout: .seconds(2)).first { $0.failure != nil }
            .map { "\($0.route): \($0.failure ?? "")" }
    }

    private func warmUpFailure() async -> String? {
        guard let (host, port) = self.warmUp else { return nil }
        do {
            let channel = try await ClientBootstrap(group: self.group).connectTimeout(.seconds(2))
                .connect(host: host, port: port).get()
            try? await channel.close()
            return nil
        } catch {
            return "\(error)"
        }
    }
}
