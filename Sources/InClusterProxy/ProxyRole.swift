import Kubernetes
import Logging
import Session
import SessionEffects
import Tunnel

/// The proxy: carries a Service's traffic to a laptop, and restores the Service when the laptop is gone.
actor ProxyRole {
    private let configuration: ProxyConfiguration
    private let holder: Holder
    private let pod: PodEnd
    private let publicKey: String
    private let client: KubernetesClient?
    private let check: ReachabilityCheck
    private let logger: Logger
    private let clock = ContinuousClock()
    private let start: ContinuousClock.Instant
    private var machine: InClusterSession
    private let (changes, changeSource) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    private var ending: Task<Void, Never>?
    /// Whether only a person can make it possible to end the session.
    private var isStuck = false
    private let (ended, endedSource) = AsyncStream.makeStream(of: Void.self)

    /// How long connections get to end, in seconds; the pod's grace period leaves 15 more.
    private static let drainLimit = Duration.seconds(30)
    /// How long those that pass through have to become quiet before the plugin leaves them to the proxy.
    private static let quietTime = Duration.seconds(2)
    /// How long connections get to end that pass through, once nobody waits at a prompt: 10 min.
    private static let passThroughLimit = Duration.seconds(600)

    init(
        configuration: ProxyConfiguration, holder: Holder, pod: PodEnd, publicKey: String, client: KubernetesClient?,
        logger: Logger
    ) {
        self.configuration = configuration
        self.holder = holder
        self.pod = pod
        self.publicKey = publicKey
        self.client = configuration.restores ? client : nil
        self.check = ReachabilityCheck(pod: pod)
        self.logger = logger
        self.start = self.clock.now
        self.machine = InClusterSession(
            holder: holder, durationSeconds: configuration.leaseDurationSeconds)
    }

    /// Runs until the session has ended, or the pod was asked to terminate and is drained.
    func run(signals: some AsyncSequence<Void, Never> & Sendable) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { for await event in self.pod.events { await self.take(event) } }
            group.addTask { for await _ in signals { await self.take(.terminationRequested) } }
            if let client = self.client {
                let names = SessionNames(service: self.configuration.service)
                let observer = LeaseObserver(
                    client: client, namespace: self.configuration.namespace, lease: names.lease, origin: names.origin,
                    interval: self.machine.interval)
                group.addTask { await observer.run { await self.take($0) } }
                group.addTask { await self.writeStates(client) }
            }
            for await _ in self.ended { break }
            group.cancelAll()
        }
    }

    private func take(_ event: PodEvent) {
        switch event {
        case .linkUp: self.take(InClusterSession.Event.linkUp)
        case .linkDown(_, let reason):
            self.logger.debug("link down", metadata: ["reason": .string(reason)])
            self.take(InClusterSession.Event.linkDown)
        case .linkSuspect: self.logger.debug("link suspect")
        case .linkRecovered: self.logger.debug("link recovered")
        case .peerRefused(let reason): self.logger.debug("peer refused", metadata: ["reason": .string(reason)])
        case .callersRefused(let limit):
            self.logger.warning(
                "callers are refused: the limit of open files is reached", metadata: ["connections": "\(limit)"])
            self.send(ControlLine.callersRefused(limit: limit).text)
        case .control(let text, _): self.take(ControlLine(text))
        }
    }

    private func send(_ text: String) {
        self.pod.send(control: text, to: self.holder.session.description)
    }

    private func take(_ line: ControlLine?) {
        switch line {
        case .check:
            Task { self.send(await self.check.run().text) }
        case .drain:
            Task {
                let quiet = self.clock.now + Self.quietTime
                await self.pod.drain(session: self.holder.session.description, limit: Self.drainLimit)
                try? await Task.sleep(until: quiet)
                let passing = await self.pod.passingThrough(for: Self.quietTime)
                self.send(ControlLine.laptopDrained(passing: passing).text)
            }
            Task {
                await self.pod.drain(limit: Self.drainLimit, lateConnectionGrace: InClusterSession.lateConnectionGrace)
                self.take(InClusterSession.Event.drainedForLaptop)
                self.send(ControlLine.drained.text)
            }
        case .localDown(let route): self.take(InClusterSession.Event.localDown(route: route))
        case .localUp(let route): self.take(InClusterSession.Event.localUp(route: route))
        case .checked, .drained, .laptopDrained, .terminating, .callersRefused, nil:
            break
        }
    }

    private func take(_ event: InClusterSession.Event) {
        if case .terminationRequested = event {
            if self.isStuck { return self.endedSource.finish() }
            // What is left of an end has to fit into the grace period.
            if self.ending != nil { Task { await self.pod.drain(limit: Self.drainLimit) } }
        }
        var state: SessionState?
        for order in self.machine.handle(event, now: self.clock.now - self.start) {
            switch order {
            case .write(let new): state = new
            case .end(let reason): self.ending = Task { [state] in await self.end(reason, saying: state) }
            case .restoreAndDrain: self.ending = Task { [state] in await self.terminate(saying: state) }
            case .exit: self.endedSource.finish()
            }
        }
        if state != nil, self.ending == nil { self.changeSource.yield() }
    }

    private func end(_ reason: InClusterSession.Reason, saying state: SessionState?) async {
        self.logger.notice("session ends", metadata: ["reason": "\(reason)"])
        guard let client = self.client else { return self.endedSource.finish() }
        let cleanup = self.cleanup(client)
        self.pod.setPassThrough(true)
        if let state { await self.insist(state, client) }
        await self.restore(cleanup, self.machine.cause(reason), client)
        _ = await cleanup.waitForOriginals(within: .seconds(30))
        await self.pod.drain(
            limit: reason.isHandOver ? Self.passThroughLimit : Self.drainLimit,
            lateConnectionGrace: InClusterSession.lateConnectionGrace)
        await self.persist("clean up") { () async throws(APIError) in
            try await cleanup.deleteObjects()
            try await cleanup.deleteLease()
            try await cleanup.deleteAccount()
        }
        self.endedSource.finish()
    }

    /// How often a restore that only a person can make possible is tried again.
    private static let stuckPause = Duration.seconds(2)

    /// Restores the Service. While its own selector is uncertain, or the rights for it are gone, traffic passes through
    /// here: an end of this pod would leave callers without an answer.
    private func restore(_ cleanup: SessionCleanup, _ cause: RestoreCause, _ client: KubernetesClient) async {
        while true {
            var isUncertain = false
            let isDone = await self.persist("restore") { () async throws(APIError) in
                let outcome = try await cleanup.restoreService(cause)
                self.logger.notice("service restored", metadata: ["outcome": "\(outcome)"])
                if case .selectorConflict = outcome { isUncertain = true }
            }
            self.isStuck = !isDone || isUncertain
            guard self.isStuck else { return }
            if isUncertain { await self.write(.uncertain, client) }
            try? await Task.sleep(for: Self.stuckPause)
        }
    }

    private func terminate(saying state: SessionState?) async {
        if let client = self.client {
            let cleanup = self.cleanup(client)
            // Before the restore: the plugin tells by it that no other client has changed the Service.
            await self.write(state, client)
            await self.persist("restore") { () async throws(APIError) in
                try await cleanup.restoreService(.proxyEnds(holder: self.holder.person))
            }
            self.send(ControlLine.terminating.text)
            _ = await cleanup.waitForOriginals(within: .seconds(10))
        }
        await self.pod.drain(limit: Self.drainLimit, lateConnectionGrace: InClusterSession.lateConnectionGrace)
        self.endedSource.finish()
    }

    private func cleanup(_ client: KubernetesClient) -> SessionCleanup {
        SessionCleanup(
            client: client, namespace: self.configuration.namespace, service: self.configuration.service,
            session: self.holder.session,
            slices: ResourceType<EndpointSlice>.endpointSlices(beta: self.configuration.usesBetaSlices))
    }

    /// How many refusals it takes to believe that the rights are gone, and not just new or a token late: about 13 s.
    private static let refusals = 10

    /// Tries until it works: no other client may be there to do it. Traffic passes through meanwhile.
    ///
    /// - Returns: Whether it did; not when the rights for it are gone.
    @discardableResult
    private func persist(_ what: String, _ body: () async throws(APIError) -> Void) async -> Bool {
        var pause = Duration.milliseconds(100)
        var refusals = 0
        while true {
            do throws(APIError) {
                try await body()
                return true
            } catch {
                // Without its account this pod can do nothing more: as a rule, another client has cleaned up.
                if error.code == .unauthorized || error.code == .forbidden {
                    refusals += 1
                    if refusals == Self.refusals { return false }
                }
                self.logger.warning("\(what) failed", metadata: ["error": .string(error.message)])
                try? await Task.sleep(for: pause)
                pause = min(pause * 2, .seconds(2))
            }
        }
    }

    /// How long before a state is said again that the API server did not take.
    private static let statePause = Duration.milliseconds(500)

    /// Writes states as they change, the newest only. The plugin takes a proxy that does not say that it passes through for
    /// dead: what the API server did not take is said again.
    private func writeStates(_ client: KubernetesClient) async {
        for await _ in self.changes {
            var refusals = 0
            while self.ending == nil, !Task.isCancelled, let state = self.machine.state {
                do throws(APIError) {
                    try await self.say(state, client)
                    break
                } catch {
                    // It may be another session's Lease by now, or the rights are gone.
                    if !error.isTransient { refusals += 1 }
                    if refusals == Self.refusals { break }
                    try? await Task.sleep(for: Self.statePause)
                }
            }
        }
    }

    /// Writes the state by which the plugin knows that the session is over, before the Service shows it: it would switch to
    /// this proxy again. Whether or not that is to be had, the Service goes back.
    private func insist(_ state: SessionState, _ client: KubernetesClient) async {
        for _ in 0..<Self.refusals {
            do throws(APIError) {
                return try await self.say(state, client)
            } catch {
                guard error.isTransient else { return }
                try? await Task.sleep(for: Self.statePause)
            }
        }
    }

    /// Writes a state into the Lease, once: at an end it is for people, and must not hold anything up.
    private func write(_ state: SessionState?, _ client: KubernetesClient) async {
        guard let state else { return }
        try? await self.say(state, client)
    }

    private func say(_ state: SessionState, _ client: KubernetesClient) async throws(APIError) {
        let lease = SessionNames(service: self.configuration.service).lease
        // The plugin sees by the key that it has connected to this proxy; another pod's it would take for a stranger's.
        let hasLink = state == .active || state == .localDown
        let patch = Lease.stateChange(state, holder: self.holder, proxyKey: hasLink ? self.publicKey : nil)
        _ = try await client.patch(.leases, lease, in: self.configuration.namespace, patch)
    }
}
