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

    private func work() async {
        guard let version = await self.version() else { return }
        let watching = Task { await self.watch(version) }
        while !self.isEnding {
            await self.sweep(version)
            let nap = Task { _ = try? await Task.sleep(for: Self.interval) }
            self.nap = nap
            if !self.isEnding { await nap.value }
        }
        watching.cancel()
    }

    private static let pause = Duration.milliseconds(500)
    /// How often everything is read, besides the watch.
    private static let interval = Duration.seconds(10)
    private static let leases = "\(Key.component)=lease"

    private var namespace: String { self.configuration.namespace }

    private func watch(_ version: ServerVersion) async {
        while !Task.isCancelled {
            do {
                for try await event in self.client.watch(.leases, labels: Self.leases, in: self.namespace) {
                    switch event {
                    case .added(let lease), .modified(let lease): self.attend(to: lease, version)
                    case .deleted, .other: break
                    }
                }
            } catch {
                self.logger.warning("watch ended", metadata: ["error": .string("\(error)")])
            }
            try? await Task.sleep(for: Self.pause)
        }
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
        let task = Task {
            await worker.run()
            self.workers[name] = nil
            // The next session may have begun before this one's worker was gone.
            let next = try? await self.client.find(.leases, name, in: self.namespace)
            if let next, next.holder != lease.holder {
                self.attend(to: next, version)
            }
        }
        self.workers[name] = (worker, task)
    }

    /// Reads everything: a watch may have died without a word.
    private func sweep(_ version: ServerVersion) async {
        do throws(APIError) {
            let leases = try await self.client.list(.leases, in: self.namespace, labels: Self.leases).items
            for lease in leases { self.attend(to: lease, version) }
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
            self.logger.notice("recovered", metadata: ["service": .string(names.service), "outcome": "\(outcome)"])
        } catch {
            self.logger.warning(
                "not recovered", metadata: ["service": .string(names.service), "error": .string(error.message)])
        }
    }
}
