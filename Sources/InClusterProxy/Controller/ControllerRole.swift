import Kubernetes
import Logging
import Session
import SessionEffects

/// The controller: does the writes of sessions whose holders may not do them, each as its Lease asks for.
///
/// It remembers nothing that the cluster does not say, and every write is guarded: two of them at once, as after a node was
/// lost, do no harm.
actor ControllerRole {
    private let configuration: ControllerConfiguration
    private let client: KubernetesClient
    private let logger: Logger
    private var workers: [String: (worker: ControllerWorker, task: Task<Void, Never>)] = [:]
    private var isEnding = false
    private var counts = ControllerMetrics()
    private var nap: Task<Void, Never>?

    init(configuration: ControllerConfiguration, client: KubernetesClient, logger: Logger) {
        self.configuration = configuration
        self.client = client
        self.logger = logger
    }

    /// Runs until the pod is asked to terminate. A write that is in flight comes to its end.
    func run(signals: some AsyncSequence<Void, Never> & Sendable) async {
        let work = Task { await self.work() }
        for await _ in signals { break }
        self.isEnding = true
        self.nap?.cancel()
        for (worker, _) in self.workers.values { await worker.end() }
        for (_, task) in self.workers.values { await task.value }
        await work.value
    }

    /// What is counted here.
    func metrics(_ transport: CountingTransport) -> ControllerMetrics {
        var metrics = self.counts
        metrics.sessions = self.workers.count
        (metrics.apiRequests, metrics.apiFailures) = (transport.requestCount, transport.failureCount)
        return metrics
    }

    private func count(_ event: ControllerWorker.Event) {
        switch event {
        case .answered(let isRefused): self.counts.orders[isRefused ? "refused" : "done", default: 0] += 1
        case .recovered: self.counts.recoveries += 1
        }
    }

    private func work() async {
        guard let version = await self.version() else { return }
        let observer = LeaseObserver(
            client: self.client, namespace: self.namespace, selection: .labels(Self.leases),
            interval: { await self.interval })
        let observing = Task { await observer.run { await self.take($0, version) } }
        while !self.isEnding {
            await self.sweep(version)
            let nap = Task { _ = try? await Task.sleep(for: Self.sweepInterval) }
            self.nap = nap
            if !self.isEnding { await nap.value }
        }
        observing.cancel()
    }

    private static let pause = Duration.milliseconds(500)
    /// How often Services are read.
    private static let sweepInterval = Duration.seconds(10)
    /// How often Leases are, besides the watch, while nobody needs it more often.
    private static let idleInterval = Duration.seconds(5)
    private static let leases = "\(Key.component)=lease"

    private var namespace: String { self.configuration.namespace }
    private var interval: Duration {
        self.workers.values.map(\.worker.interval).min().map { min($0, Self.idleInterval) } ?? Self.idleInterval
    }

    /// One read of all Leases serves all workers.
    private func take(_ leases: [Lease], _ version: ServerVersion) {
        let byName = Dictionary(leases.map { ($0.metadata.name, $0) }) { first, _ in first }
        for (name, (worker, _)) in self.workers { worker.take(byName[name]) }
        for lease in leases { self.attend(to: lease, version) }
    }

    private func version() async -> ServerVersion? {
        while !self.isEnding {
            do throws(APIError) {
                return try await self.client.version()
            } catch {
                self.logger.warning("no API server", metadata: ["error": .string(error.message)])
                try? await Task.sleep(for: Self.pause)
            }
        }
        return nil
    }

    /// Starts a worker for a session that has none.
    private func attend(to lease: Lease, _ version: ServerVersion) {
        let name = lease.metadata.name
        guard !self.isEnding, self.workers[name] == nil else { return }
        let worker = ControllerWorker(
            lease, configuration: self.configuration, version: version, client: self.client, logger: self.logger)
        guard let worker else { return }
        worker.take(lease)
        let task = Task {
            await worker.run { await self.count($0) }
            self.workers[name] = nil
            // The next session may have begun before this one's worker was gone.
            let next = try? await self.client.find(.leases, name, in: self.namespace)
            if let next, next.holder != lease.holder {
                self.attend(to: next, version)
            }
        }
        self.workers[name] = (worker, task)
    }

    private func sweep(_ version: ServerVersion) async {
        do throws(APIError) {
            let services = try await self.client.list(.services, in: self.namespace).items
            for service in services where !self.isEnding { await self.recover(service, version) }
        } catch {
            self.logger.warning("not looked at", metadata: ["error": .string(error.message)])
        }
    }

    /// Restores a Service that was left switched by a session whose Lease is gone: no other client may know of it.
    private func recover(_ service: Service, _ version: ServerVersion) async {
        let names = SessionNames(service: service.metadata.name)
        guard let tunnel = service.markedTunnel, !names.leases.contains(where: { self.workers[$0] != nil }) else {
            return
        }
        let cleanup = SessionCleanup(
            client: self.client, namespace: self.namespace, service: names.service, tunnel: tunnel, session: tunnel,
            slices: .endpointSlices(on: version))
        do throws(APIError) {
            guard try await !cleanup.leases().contains(where: { $0.tunnel == tunnel }) else { return }
            let outcome = try await cleanup.run(.recovered(by: "the controller"))
            if outcome == .restored { self.count(.recovered) }
            self.logger.notice("recovered", metadata: ["service": .string(names.service), "outcome": "\(outcome)"])
        } catch {
            self.logger.warning(
                "not recovered", metadata: ["service": .string(names.service), "error": .string(error.message)])
        }
    }
}
