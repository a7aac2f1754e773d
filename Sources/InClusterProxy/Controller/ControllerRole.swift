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
    private var workers: [String: Task<Void, Never>] = [:]

    init(configuration: ControllerConfiguration, client: KubernetesClient, logger: Logger) {
        self.configuration = configuration
        self.client = client
        self.logger = logger
    }

    /// Runs until the pod is told to end.
    func run(signals: some AsyncSequence<Void, Never> & Sendable) async {
        let watch = Task { await self.watch() }
        for await _ in signals { break }
        watch.cancel()
        for worker in self.workers.values { worker.cancel() }
        // A write under way comes to its end.
        for worker in self.workers.values { await worker.value }
    }

    private static let pause = Duration.milliseconds(500)

    private func watch() async {
        guard let version = await self.version() else { return }
        await self.mend(version)
        while !Task.isCancelled {
            do {
                let leases = self.client.watch(
                    .leases, labels: "\(Key.component)=lease", in: self.configuration.namespace)
                for try await event in leases {
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
        while !Task.isCancelled {
            do throws(APIError) {
                return try await self.client.version()
            } catch {
                self.logger.warning("no API server", metadata: ["error": .string(error.message)])
                try? await Task.sleep(for: Self.pause)
            }
        }
        return nil
    }

    /// Starts a worker for a Lease that asks for something.
    private func attend(to lease: Lease, _ version: ServerVersion) {
        let name = lease.metadata.name
        guard self.workers[name] == nil, ControllerOrder(lease) != nil else { return }
        let worker = ControllerWorker(
            lease, configuration: self.configuration, version: version, client: self.client, logger: self.logger)
        guard let worker else { return }
        self.workers[name] = Task {
            await worker.run()
            self.workers[name] = nil
            // The next session may have begun before this one's worker was gone.
            let next = try? await self.client.find(.leases, name, in: self.configuration.namespace)
            if let next, !Task.isCancelled { self.attend(to: next, version) }
        }
    }

    /// Gives back what sessions have left switched whose Leases are gone: nobody else may know of them.
    private func mend(_ version: ServerVersion) async {
        let namespace = self.configuration.namespace
        guard let services = try? await self.client.list(.services, in: namespace).items else { return }
        for service in services {
            let names = SessionNames(service: service.metadata.name)
            guard let session = service.markedSession,
                (try? await self.client.has(.leases, names.lease, in: namespace)) == false
            else { continue }
            let undo = SessionUndo(
                client: self.client, namespace: namespace, service: service.metadata.name, session: session,
                slices: .endpointSlices(on: version))
            let outcome = try? await undo.run(.mended(by: "the controller"))
            self.logger.notice(
                "mended", metadata: ["service": .string(names.service), "outcome": .string("\(outcome as Any)")])
        }
    }
}
