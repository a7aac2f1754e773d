import Kubernetes
import Logging
import Session
import SessionEffects

/// The controller's work on one session.
actor ControllerWorker {
    private let configuration: ControllerConfiguration
    private let names: SessionNames
    private let lease: String
    private let tunnel: SessionID
    private let version: ServerVersion
    private let client: KubernetesClient
    private let logger: Logger
    private let holder: Holder
    private let clock = ContinuousClock()
    private let start: ContinuousClock.Instant
    private var machine: ControlledSession
    private let (looks, lookSource) = AsyncStream.makeStream(of: Look.self, bufferingPolicy: .bufferingNewest(1))
    private var isEnding = false

    /// What it has done.
    enum Event: Sendable {
        /// An order.
        case answered(isRefused: Bool)
        /// A session that no other client could end.
        case recovered
    }

    /// A reason to see what there is to do.
    private enum Look: Sendable {
        /// The Lease was read just now; `nil` when it is gone.
        case read(Lease?)
        /// Something went wrong before.
        case again
    }

    private var namespace: String { self.configuration.namespace }

    /// The work on a session; `nil` when the Lease is none of a session's, or its Service not to be intercepted.
    init?(
        _ lease: Lease, configuration: ControllerConfiguration, version: ServerVersion, client: KubernetesClient,
        logger: Logger
    ) {
        guard let record = LeaseRecord(lease), let machine = ControlledSession(lease) else { return nil }
        self.names = SessionNames(service: record.service)
        guard self.names.leases.contains(lease.metadata.name) else { return nil }
        self.lease = lease.metadata.name
        self.tunnel = record.tunnel
        self.holder = record.holder
        self.machine = machine
        self.interval = machine.interval
        self.configuration = configuration
        self.version = version
        self.client = client
        self.start = self.clock.now
        var logger = logger
        logger[metadataKey: "service"] = .string(record.service)
        self.logger = logger
    }

    /// Runs until the session is over.
    ///
    /// - Parameter report: Told what was done.
    func run(_ report: @escaping @Sendable (Event) async -> Void = { _ in }) async {
        // Anybody can write a Lease for a Service that does not exist.
        guard (try? await self.client.has(.services, self.names.service, in: self.namespace)) != false else { return }
        for await look in self.looks {
            do {
                if try await self.isOver(look, report) { break }
            } catch {
                self.logger.warning("not yet", metadata: ["error": .string("\(error)")])
                try? await Task.sleep(for: Self.pause)
                self.lookSource.yield(.again)
            }
        }
    }

    /// Takes in the session's Lease as it was just read; `nil` when it is gone.
    nonisolated func take(_ lease: Lease?) { self.lookSource.yield(.read(lease)) }

    /// How often the Lease is to be read.
    nonisolated let interval: Duration

    /// Ends the work after the write that is in flight.
    func end() {
        self.isEnding = true
        self.lookSource.finish()
    }

    /// How long after something that went wrong it is tried again.
    private static let pause = Duration.milliseconds(500)

    /// Does what there is to do.
    private func isOver(_ look: Look, _ report: @Sendable (Event) async -> Void) async throws -> Bool {
        // As a rule what was read just now says that there is nothing to do; what there is, is decided on a look of its own.
        if case .read(let lease) = look, self.machine.handle(lease, now: self.clock.now - self.start) == .wait {
            return false
        }
        while !self.isEnding {
            let lease = try await self.client.find(.leases, self.lease, in: self.namespace)
            let now = self.clock.now - self.start
            var step = self.machine.handle(lease, now: now)
            if step == .look { step = self.machine.handle(try await self.seen(lease), now: now) }
            switch step {
            case .perform(let order):
                if let lease { await report(.answered(isRefused: try await self.perform(order, lease))) }
            case .recover(let cause):
                if case .expired = cause, let lease {
                    // Before the Service shows it: a laptop that wakes just now must not continue.
                    let patch = Lease.stateChange(.expired, holder: self.holder)
                    try await self.client.patch(.leases, lease.metadata.name, in: self.namespace, patch)
                }
                let outcome = try await self.cleanup.run(cause)
                self.logger.notice("recovered", metadata: ["cause": "\(cause)", "outcome": "\(outcome)"])
                // Where the Service's own selector is uncertain, a person has to say it first.
                if case .selectorConflict = outcome { return false }
                self.machine.cleanedUp()
                if outcome == .restored { await report(.recovered) }
                return false
            case .wait, .look: return false
            case .forget: return true
            }
        }
        return true
    }

    private func seen(_ lease: Lease?) async throws(APIError) -> RemoteTermination.Observation {
        let labels =
            "\(Key.session)=\(self.tunnel),\(Key.service)=\(self.names.service),\(Key.component)=proxy"
        let pods = try await self.client.list(.pods, in: self.namespace, labels: labels).items
        let service = try await self.client.find(.services, self.names.service, in: self.namespace)
        return RemoteTermination.Observation(
            lease: lease, hasReadyProxy: pods.contains(where: \.isReady),
            isSwitched: service?.markedTunnel == self.tunnel, isShared: try await !self.cleanup.others().isEmpty)
    }

    private var cleanup: SessionCleanup {
        SessionCleanup(
            client: self.client, namespace: self.namespace, service: self.names.service,
            tunnel: self.tunnel, session: self.holder.session, slices: .endpointSlices(on: self.version))
    }

    /// Does what was asked for, and answers; what the API server did not take is asked for again by the next look.
    ///
    /// - Returns: Whether it was refused.
    private func perform(_ order: ControllerOrder, _ lease: Lease) async throws -> Bool {
        var answer = ControllerAnswer(number: order.number)
        do {
            answer.outcome = try await self.write(order, lease)
        } catch let refusal as Refusal {
            answer.refusal = refusal
        } catch let failure as WriteFailure {
            if failure.isTransient || failure.isUnauthorized { throw failure }
            answer.refusal = failure.refusal
        } catch let error as APIError {
            // A token may just have been replaced.
            if error.isTransient || error.code == .unauthorized { throw error }
            answer.refusal = Refusal(error.message)
        } catch {
            throw error
        }
        self.logger.info(
            "done", metadata: ["write": "\(order.write)", "refusal": .string(answer.refusal?.summary ?? "-")])
        do throws(APIError) {
            try await self.client.patch(
                .leases, self.lease, in: self.namespace, answer.patch(holder: self.holder))
        } catch {
            // The Lease went with the session.
            guard error.code == .notFound else { throw error }
        }
        if order.write.isLast, answer.refusal == nil { self.machine.cleanedUp() }
        return answer.refusal != nil
    }

    /// - Throws: ``Refusal``, ``WriteFailure``, ``APIError``.
    private func write(_ order: ControllerOrder, _ lease: Lease) async throws -> RestoreOutcome? {
        try self.configuration.check(self.names.service)
        switch order.write {
        case .restore(let cause):
            return try await self.cleanup.restoreService(cause)
        case .end(let cause, let withOthers):
            return try await self.cleanup.end(cause, withOthers: withOthers)
        case .leave:
            try await self.cleanup.deleteLease()
            return nil
        case .cleanUp(let isDrained):
            // Whichever client asks for it: a Service that leads to the proxy keeps it.
            let cause = RestoreCause.ended(holder: self.holder.person)
            let outcome =
                try await self.cleanup.hasEnded()
                ? try await self.cleanup.restoreService(cause) : try await self.cleanup.end(cause, withOthers: false)
            if case .selectorConflict = outcome {
                throw Refusal("the selector of service/\(self.names.service) is uncertain")
            }
            if outcome == .shared { throw Refusal("others have the tunnel of service/\(self.names.service)") }
            try await self.cleanup.cleanUp(isDrained: isDrained)
            return nil
        case .createHelpers, .createProxy, .bringOriginBack, .count, .switchService, .keepEndingPods:
            return try await self.set(up: order, lease)
        }
    }

    private func set(up order: ControllerOrder, _ lease: Lease) async throws -> RestoreOutcome? {
        let service = try await self.client.find(.services, self.names.service, in: self.namespace)
        guard let service else { throw Refusal("there is no service/\(self.names.service)") }
        let origin = try await self.client.find(.services, self.names.origin, in: self.namespace)
        let objects = try self.configuration.objects(for: lease, service: service, origin: origin, on: self.version)
        let writer = SessionWriter(
            client: self.client, objects: objects, cleanup: self.cleanup, wantsNetworkPolicy: false,
            isWanted: { ControllerOrder($0) == order })
        switch order.write {
        case .switchService(let publishNotReady):
            // kube-proxy serves terminating endpoints when there are no others since 1.26 (KEP-1669).
            let outcome = try await writer.perform(
                .switchService(publishNotReady: publishNotReady && !self.version.servesTerminatingEndpoints))
            await EventRecorder(client: self.client, namespace: self.namespace)
                .record(objects.switchEvent, on: service)
            return outcome
        default:
            return try await writer.perform(order.write)
        }
    }
}
