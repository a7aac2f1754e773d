import Kubernetes
import Logging
import Session
import SessionEffects

/// The controller's work on one Service, for as long as its Lease is there.
actor ControllerWorker {
    private let configuration: ControllerConfiguration
    private let names: SessionNames
    private let version: ServerVersion
    private let client: KubernetesClient
    private let logger: Logger
    private let holder: Holder
    private let clock = ContinuousClock()
    private let start: ContinuousClock.Instant
    private var machine: ControlledSession

    private var namespace: String { self.configuration.namespace }

    /// The work on a session; `nil` when the Lease is none of a session's.
    init?(
        _ lease: Lease, configuration: ControllerConfiguration, version: ServerVersion, client: KubernetesClient,
        logger: Logger
    ) {
        guard let record = LeaseRecord(lease), let machine = ControlledSession(lease) else { return nil }
        self.names = SessionNames(service: record.service)
        guard self.names.lease == lease.metadata.name else { return nil }
        self.holder = record.holder
        self.machine = machine
        self.configuration = configuration
        self.version = version
        self.client = client
        self.start = self.clock.now
        var logger = logger
        logger[metadataKey: "service"] = .string(record.service)
        self.logger = logger
    }

    /// Runs until the session is over.
    func run() async {
        let (looks, source) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let observer = LeaseObserver(
            client: self.client, namespace: self.namespace, lease: self.names.lease, origin: nil,
            interval: self.machine.interval)
        let observing = Task { await observer.run { _ in source.yield() } }
        for await _ in looks {
            do {
                if try await self.isOver() || Task.isCancelled { break }
            } catch {
                self.logger.warning("not yet", metadata: ["error": .string("\(error)")])
                try? await Task.sleep(for: Self.pause)
                source.yield()
            }
        }
        observing.cancel()
    }

    /// Does what there is to do.
    private func isOver() async throws -> Bool {
        while !Task.isCancelled {
            switch self.machine.handle(try await self.look(), now: self.clock.now - self.start) {
            case .perform(let order):
                try await self.perform(order)
            case .undo(let cause):
                let outcome = try await self.undo.run(cause)
                self.logger.notice("undone", metadata: ["cause": "\(cause)", "outcome": "\(outcome)"])
                // Where the Service's own selector is uncertain, a person has to say it first.
                if case .disagreement = outcome { return false }
                self.machine.undone()
            case .wait: return false
            case .forget: return true
            }
        }
        return true
    }

    /// How long after something that went wrong it is tried again.
    private static let pause = Duration.milliseconds(500)

    private func look() async throws(APIError) -> HandOver.Observation {
        let lease = try await self.client.find(.leases, self.names.lease, in: self.namespace)
        if let lease, ControllerOrder(unanswered: lease) != nil {
            // Comes before everything for which the rest is looked at.
            return HandOver.Observation(lease: lease, hasReadyProxy: true, isSwitched: true)
        }
        let labels = "\(Key.session)=\(self.holder.session),\(Key.component)=proxy"
        let pods = try await self.client.list(.pods, in: self.namespace, labels: labels).items
        let service = try await self.client.find(.services, self.names.service, in: self.namespace)
        return HandOver.Observation(
            lease: lease, hasReadyProxy: pods.contains(where: \.isReady),
            isSwitched: service?.markedSession == self.holder.session)
    }

    private var undo: SessionUndo {
        SessionUndo(
            client: self.client, namespace: self.namespace, service: self.names.service,
            session: self.holder.session, slices: .endpointSlices(on: self.version))
    }

    /// Does what was asked for, and answers; what the API server did not take is asked for again by the next look.
    private func perform(_ order: ControllerOrder) async throws {
        guard let lease = try await self.client.find(.leases, self.names.lease, in: self.namespace),
            Holder(lease.spec.holderIdentity) == self.holder, ControllerOrder(lease) == order
        else { return }
        var answer = ControllerAnswer(number: order.number)
        do {
            answer.outcome = try await self.perform(order.write, lease)
            if case .cleanUp = order.write { self.machine.undone() }
        } catch let failure as WriteFailure {
            if failure.isTransient { throw failure }
            answer.refusal = failure.refusal
        } catch let refusal as Refusal {
            answer.refusal = refusal
        } catch {
            throw error
        }
        self.logger.info(
            "done", metadata: ["write": "\(order.write)", "refusal": .string(answer.refusal?.summary ?? "-")])
        do throws(APIError) {
            try await self.client.patch(
                .leases, self.names.lease, in: self.namespace, answer.patch(holder: self.holder))
        } catch {
            // The Lease went with the session, or is the next one's.
            guard error.code == .notFound || error.code == .invalid else { throw error }
        }
    }

    private func perform(_ write: SessionWrite, _ lease: Lease) async throws -> RestoreOutcome? {
        switch write {
        case .restore, .cleanUp:
            return try await self.undo.perform(write)
        default:
            let service = try await self.client.find(.services, self.names.service, in: self.namespace)
            guard let service else { throw Refusal("there is no service/\(self.names.service)") }
            let origin = try await self.client.find(.services, self.names.origin, in: self.namespace)
            let objects = try self.configuration.objects(
                for: lease, service: service, origin: origin, on: self.version)
            let writer = SessionWriter(
                client: self.client, objects: objects, undo: self.undo, wantsNetworkPolicy: false)
            let outcome = try await writer.perform(write)
            if case .switchService = write {
                await NoticeBoard(client: self.client, namespace: self.namespace)
                    .post(.intercepted(holder: self.holder.person), on: service)
            }
            return outcome
        }
    }
}
