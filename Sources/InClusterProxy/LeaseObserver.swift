import Kubernetes
import Session

/// The Lease's life as events: a read at every interval is the truth, a watch makes changes quick.
struct LeaseObserver: Sendable {
    let client: KubernetesClient
    let namespace: String
    let lease: String
    /// The Service without which the session has no purpose; `nil` for none.
    let origin: String?
    let interval: Duration

    /// Reports until the task is cancelled.
    func run(_ report: @escaping @Sendable (InClusterSession.Event) async -> Void) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                while !Task.isCancelled {
                    await self.read(report, looksForOrigin: true)
                    try? await Task.sleep(for: self.interval)
                }
            }
            group.addTask { await self.watch(report) }
        }
    }

    private func read(
        _ report: @Sendable (InClusterSession.Event) async -> Void, looksForOrigin: Bool
    ) async {
        do throws(APIError) {
            let lease = try await self.client.find(.leases, self.lease, in: self.namespace)
            await report(lease.map(InClusterSession.Event.leaseRead) ?? .leaseMissing)
            // Without the origin Service nothing is left to pass through to.
            if looksForOrigin, let origin, try await self.client.find(.services, origin, in: self.namespace) == nil {
                await report(.originMissing)
            }
        } catch {
            // Time without the API does not count, and the next read comes soon.
        }
    }

    /// How long to wait before a watch is begun again: doubled up to the longest, and less by chance.
    private static let shortestPause = Duration.milliseconds(200)
    private static let longestPause = Duration.seconds(5)

    private func watch(_ report: @Sendable (InClusterSession.Event) async -> Void) async {
        var pause = Self.shortestPause
        while !Task.isCancelled {
            do {
                for try await event in self.client.watch(.leases, name: self.lease, in: self.namespace) {
                    pause = Self.shortestPause
                    switch event {
                    case .added, .modified, .deleted: await self.read(report, looksForOrigin: false)
                    case .other: break
                    }
                }
            } catch {
                pause = min(pause * 2, Self.longestPause)
            }
            try? await Task.sleep(for: pause * Double.random(in: 0.5...1))
        }
    }
}
