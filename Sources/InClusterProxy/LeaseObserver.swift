import Kubernetes
import Session

/// Leases as they change: a read at every interval is the truth, a watch makes changes quick.
struct LeaseObserver: Sendable {
    /// Which Leases.
    enum Selection: Sendable {
        /// The one of this name.
        case name(String)
        /// Those of a Service's sessions.
        case service(String)
    }

    let client: KubernetesClient
    let namespace: String
    let selection: Selection
    /// How long to wait from one read to the next.
    let interval: @Sendable () async -> Duration

    /// Reports until the task is cancelled.
    ///
    /// - Parameters:
    ///   - report: Gets the Leases; empty when there is none.
    ///   - besides: Done at every interval, after the report.
    func run(
        _ report: @escaping @Sendable ([Lease]) async -> Void, besides: @escaping @Sendable () async -> Void = {}
    ) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                while !Task.isCancelled {
                    await self.read(report)
                    await besides()
                    try? await Task.sleep(for: self.interval())
                }
            }
            group.addTask { await self.watch(report) }
        }
    }

    private func read(_ report: @Sendable ([Lease]) async -> Void) async {
        do throws(APIError) {
            switch self.selection {
            case .name(let name):
                let lease = try await self.client.find(.leases, name, in: self.namespace)
                await report(lease.map { [$0] } ?? [])
            case .service(let service):
                await report(
                    try await self.client.list(.leases, in: self.namespace, labels: "\(Key.service)=\(service)").items)
            }
        } catch {
            // Time without the API does not count, and the next read comes soon.
        }
    }

    /// How long to wait before a watch is begun again: doubled up to the longest, and less by chance.
    private static let shortestPause = Duration.milliseconds(200)
    private static let longestPause = Duration.seconds(5)

    private var changes: AsyncThrowingStream<WatchEvent<Lease>, any Error> {
        switch self.selection {
        case .name(let name): self.client.watch(.leases, name: name, in: self.namespace)
        case .service(let service):
            self.client.watch(.leases, labels: "\(Key.service)=\(service)", in: self.namespace)
        }
    }

    /// What a renewal leaves as it is: the reads see it soon enough.
    private struct Facts: Equatable {
        var annotations: [String: String]?
        var holder: String?
        var uid: String?
    }

    private func watch(_ report: @Sendable ([Lease]) async -> Void) async {
        var pause = Self.shortestPause
        var known: [String: Facts] = [:]
        while !Task.isCancelled {
            do {
                for try await event in self.changes {
                    pause = Self.shortestPause
                    switch event {
                    case .added(let lease), .modified(let lease):
                        let (name, metadata) = (lease.metadata.name, lease.metadata)
                        let facts = Facts(
                            annotations: metadata.annotations, holder: lease.spec.holderIdentity, uid: metadata.uid)
                        guard known.updateValue(facts, forKey: name) != facts else { break }
                        await self.read(report)
                    case .deleted(let lease):
                        known[lease.metadata.name] = nil
                        await self.read(report)
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
