import Kubernetes
import Session

/// Leases as they change: a read at every interval is the truth, a watch makes changes quick.
struct LeaseObserver: Sendable {
    /// Which Leases.
    enum Selection: Sendable {
        /// The one of this name.
        case name(String)
        /// Those with these labels.
        case labels(String)
    }

    let client: KubernetesClient
    let namespace: String
    let selection: Selection
    /// How long to wait from one read to the next.
    let interval: @Sendable () async -> Duration

    /// Reports until the task is cancelled. One read comes after the other, so that what is reported last is what was so last.
    ///
    /// - Parameters:
    ///   - report: Gets the Leases; empty when there is none.
    ///   - besides: Done at every interval, after the report.
    func run(
        _ report: @escaping @Sendable ([Lease]) async -> Void, besides: @escaping @Sendable () async -> Void = {}
    ) async {
        let (reasons, source) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                var next = ContinuousClock.now
                for await _ in reasons {
                    await self.read(report)
                    guard ContinuousClock.now >= next else { continue }
                    await besides()
                    next = await ContinuousClock.now + self.interval() / 2
                }
            }
            group.addTask {
                while !Task.isCancelled {
                    source.yield()
                    try? await Task.sleep(for: self.interval())
                }
                source.finish()
            }
            group.addTask { await self.watch { source.yield() } }
        }
    }

    private func read(_ report: @Sendable ([Lease]) async -> Void) async {
        do throws(APIError) {
            switch self.selection {
            case .name(let name):
                let lease = try await self.client.find(.leases, name, in: self.namespace)
                await report(lease.map { [$0] } ?? [])
            case .labels(let labels):
                await report(try await self.client.list(.leases, in: self.namespace, labels: labels).items)
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
        case .labels(let labels): self.client.watch(.leases, labels: labels, in: self.namespace)
        }
    }

    /// What a renewal and counts leave as they are: the reads see it soon enough.
    private struct Facts: Equatable {
        var annotations: [String: String]?
        var holder: String?
        var uid: String?
    }

    private func watch(_ changed: @Sendable () -> Void) async {
        var pause = Self.shortestPause
        var known: [String: Facts] = [:]
        while !Task.isCancelled {
            do {
                for try await event in self.changes {
                    pause = Self.shortestPause
                    switch event {
                    case .added(let lease), .modified(let lease):
                        let (name, metadata) = (lease.metadata.name, lease.metadata)
                        let annotations = metadata.annotations?.filter { $0.key != Key.traffic }
                        let facts = Facts(
                            annotations: annotations, holder: lease.spec.holderIdentity, uid: metadata.uid)
                        guard known.updateValue(facts, forKey: name) != facts else { break }
                        changed()
                    case .deleted(let lease):
                        known[lease.metadata.name] = nil
                        changed()
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
