import Kubernetes
import Logging
import Session
import SessionEffects
import Tunnel

/// The proxy: carries a Service's traffic to a laptop, and restores the Service when the laptop is gone.
actor ProxyRole {
    private let configuration: ProxyConfiguration
    private let pod: PodEnd
    private let publicKey: String
    private let client: KubernetesClient?
    private let check: ReachabilityCheck
    private let logger: Logger
    private let clock = ContinuousClock()
    private let start: ContinuousClock.Instant
    private var machine: InClusterTunnel
    private let (changes, changeSource) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    private var ending: Task<Void, Never>?
    /// Whether the pod was asked to terminate.
    private var isTerminating = false
    /// How often the Service was restored, by the Event's reason.
    private var restores: [String: Int] = [:]
    /// What each session's Lease says.
    private var said: [SessionID: SessionState] = [:]
    /// Whether only a person can make it possible to end the tunnel.
    private var isStuck = false
    private let (ended, endedSource) = AsyncStream.makeStream(of: Void.self)
    /// The sessions that the pod is to use; the newest only.
    private let (uses, useSource) = AsyncStream.makeStream(
        of: [TunnelMember].self, bufferingPolicy: .bufferingNewest(1))

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
        self.pod = pod
        self.publicKey = publicKey
        self.client = configuration.restores ? client : nil
        self.check = ReachabilityCheck(pod: pod)
        self.logger = logger
        self.start = self.clock.now
        self.machine = InClusterTunnel(
            configuration.maker(holder), durationSeconds: configuration.leaseDurationSeconds)
    }

    private var names: SessionNames { SessionNames(service: self.configuration.service) }

    /// Runs until the tunnel has ended, or the pod was asked to terminate and is drained.
    func run(signals: some AsyncSequence<Void, Never> & Sendable) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { for await event in self.pod.events { await self.take(event) } }
            group.addTask { for await _ in signals { await self.take(.terminationRequested) } }
            group.addTask {
                for await members in self.uses { await self.pod.set(self.configuration.podSessions(members)) }
            }
            if let client = self.client {
                let observer = LeaseObserver(
                    client: client, namespace: self.configuration.namespace,
                    selection: .labels("\(Key.service)=\(self.configuration.service)"),
                    interval: { await self.machine.interval })
                group.addTask {
                    await observer.run {
                        await self.take(.leasesRead($0))
                    } besides: {
                        await self.readOrigin(client)
                    }
                }
                group.addTask { await self.writeStates(client) }
                group.addTask { await self.writeTraffic(client) }
            }
            for await _ in self.ended { break }
            group.cancelAll()
        }
    }

    /// Without the origin Service nothing is left to pass through to.
    private func readOrigin(_ client: KubernetesClient) async {
        do throws(APIError) {
            let origin = try await client.find(.services, self.names.origin, in: self.configuration.namespace)
            self.take(.originRead(origin))
        } catch {
            // The next read comes soon.
        }
    }

    private func take(_ event: PodEvent) {
        switch event {
        case .linkUp(let session): self.take(.linkUp, of: session)
        case .linkDown(let session, let reason):
            self.logger.debug("link down", metadata: ["reason": .string(reason)])
            self.take(.linkDown, of: session)
        case .linkSuspect: self.logger.debug("link suspect")
        case .linkRecovered: self.logger.debug("link recovered")
        case .peerRefused(let reason): self.logger.debug("peer refused", metadata: ["reason": .string(reason)])
        case .callersRefused(let limit):
            self.logger.warning(
                "callers are refused: the limit of open files is reached", metadata: ["connections": "\(limit)"])
            self.sendAll(.callersRefused(limit: limit))
        case .control(let text, let session): self.take(ControlLine(text), from: session)
        }
    }

    /// What is counted here, for the metrics; `nil` after the shutdown.
    func metrics(_ transport: CountingTransport?) async -> ProxyMetrics? {
        guard let figures = await self.pod.figures() else { return nil }
        return ProxyMetrics(
            sessions: self.machine.current.count, restores: self.restores, apiRequests: transport?.requestCount ?? 0,
            apiFailures: transport?.failureCount ?? 0, figures: figures)
    }

    private func sendAll(_ line: ControlLine) {
        for member in self.machine.current { self.send(line, to: member.holder.session.description) }
    }

    private func send(_ line: ControlLine, to session: String) {
        self.pod.send(control: line.text, to: session)
    }

    private func take(_ line: ControlLine?, from session: String) {
        switch line {
        case .check:
            if let rival = SessionID(session).flatMap({ self.machine.rival(of: $0) }) {
                return self.send(.taken(by: rival.holder.person), to: session)
            }
            Task { self.send(await self.check.run(), to: session) }
        case .leave: Task { await self.drain(session) }
        case .drain:
            Task { await self.drain(session) }
            Task {
                await self.pod.drain(limit: Self.drainLimit, lateConnectionGrace: InClusterSession.lateConnectionGrace)
                self.take(InClusterTunnel.Event.drainedForLaptop)
                self.send(.drained, to: session)
            }
        case .localDown(let route): self.take(.localDown(route: route), of: session)
        case .localUp(let route): self.take(.localUp(route: route), of: session)
        case .checked, .drained, .laptopDrained, .terminating, .callersRefused, .taken, nil:
            break
        }
    }

    /// Ends the connections that a laptop has, and tells it how many others pass through.
    private func drain(_ session: String) async {
        let quiet = self.clock.now + Self.quietTime
        await self.pod.drain(session: session, limit: Self.drainLimit)
        // With others in the tunnel nobody waits for what passes through.
        if self.machine.isAlone { try? await Task.sleep(until: quiet) }
        let passing = await self.pod.passingThrough(for: Self.quietTime)
        self.send(.laptopDrained(passing: passing), to: session)
    }

    private func take(_ event: InClusterSession.Event, of session: String) {
        guard let session = SessionID(session) else { return }
        self.take(.session(session, event))
    }

    private func take(_ event: InClusterTunnel.Event) {
        if case .terminationRequested = event {
            self.isTerminating = true
            if self.isStuck { return self.endedSource.finish() }
            // What is left of an end has to fit into the grace period.
            if self.ending != nil { Task { await self.pod.drain(limit: Self.drainLimit) } }
        }
        var states: [(TunnelMember, SessionState)] = []
        for order in self.machine.handle(event, now: self.clock.now - self.start) {
            switch order {
            case .use(let members): self.useSource.yield(members)
            case .write(let state, let member): states.append((member, state))
            case .leave(let member, let reason, let cause):
                let state = states.last { $0.0.holder == member.holder }?.1
                Task { await self.leave(member, reason, cause, saying: state) }
            case .end(let member, let reason, let cause):
                let state = states.last { $0.0.holder == member.holder }?.1
                self.ending = Task { await self.end(member, reason, cause, saying: state) }
            case .takeMarkBack(let session):
                if let client { Task { try? await self.cleanup(client).takeMarkBack(from: session) } }
            case .restoreAndDrain: self.ending = Task { [states] in await self.terminate(saying: states) }
            case .exit: self.endedSource.finish()
            }
        }
        if !states.isEmpty, self.ending == nil { self.changeSource.yield() }
    }

    /// One session leaves; whatever the others have goes on.
    private func leave(
        _ member: TunnelMember, _ reason: InClusterSession.Reason, _ cause: RestoreCause, saying state: SessionState?
    ) async {
        self.logger.notice("session leaves", metadata: ["reason": "\(reason)"])
        guard let client = self.client else { return }
        let cleanup = self.cleanup(client, of: member.holder.session)
        if let state { await self.insist(state, member, client) }
        await self.persist("leave") { () async throws(APIError) in try await cleanup.sayLeave() }
        // Who deleted the Lease has told it, as a rule.
        if reason != .leaseDeleted { await cleanup.recordLeave(cause) }
        await self.pod.drain(session: member.holder.session.description, limit: Self.drainLimit)
        await self.persist("leave") { () async throws(APIError) in try await cleanup.deleteLease() }
        self.said[member.holder.session] = nil
        self.take(.left(member.holder.session))
    }

    private func end(
        _ member: TunnelMember, _ reason: InClusterSession.Reason, _ cause: RestoreCause, saying state: SessionState?
    ) async {
        self.logger.notice("tunnel ends", metadata: ["reason": "\(reason)"])
        guard let client = self.client else { return self.endedSource.finish() }
        let cleanup = self.cleanup(client, of: member.holder.session)
        self.pod.setPassThrough(true)
        if let state { await self.insist(state, member, client) }
        guard await self.restore(cleanup, cause, client) != .shared else {
            self.pod.setPassThrough(false)
            self.ending = nil
            self.take(.othersCame)
            if self.isTerminating { self.take(.terminationRequested) }
            return
        }
        _ = await cleanup.waitForOriginals(within: .seconds(30))
        await self.pod.drain(
            limit: reason.isHandOver ? Self.passThroughLimit : Self.drainLimit,
            lateConnectionGrace: InClusterSession.lateConnectionGrace)
        await self.persist("clean up") { () async throws(APIError) in
            try await cleanup.deleteObjects()
            try await cleanup.deleteLeases()
            try await cleanup.deleteAccount()
        }
        self.endedSource.finish()
    }

    /// How often a restore that only a person can make possible is tried again.
    private static let stuckPause = Duration.seconds(2)

    /// Restores the Service, unless others have come. While its own selector is uncertain, or the rights for it are gone,
    /// traffic passes through here: an end of this pod would leave callers without an answer.
    private func restore(
        _ cleanup: SessionCleanup, _ cause: RestoreCause, _ client: KubernetesClient
    ) async -> RestoreOutcome? {
        while true {
            var outcome: RestoreOutcome?
            let isDone = await self.persist("restore") { () async throws(APIError) in
                outcome = try await cleanup.end(cause, withOthers: false)
                self.logger.notice("service restored", metadata: ["outcome": "\(outcome.map { "\($0)" } ?? "")"])
            }
            var isUncertain = false
            if case .selectorConflict = outcome { isUncertain = true }
            if outcome == .restored { self.restores[cause.reason, default: 0] += 1 }
            self.isStuck = !isDone || isUncertain
            guard self.isStuck else { return outcome }
            if isUncertain {
                for (member, _) in self.machine.states { try? await self.say(.uncertain, member, client) }
            }
            try? await Task.sleep(for: Self.stuckPause)
        }
    }

    private func terminate(saying states: [(TunnelMember, SessionState)]) async {
        if let client = self.client {
            // Before the restore: the plugins tell by it that no other client has changed the Service.
            for (member, state) in states { try? await self.say(state, member, client) }
            let person = states.first?.0.holder.person ?? "another user"
            let cause = RestoreCause.proxyEnds(holder: person)
            await self.persist("restore") { () async throws(APIError) in
                guard try await self.cleanup(client).restoreService(cause) == .restored else { return }
                self.restores[cause.reason, default: 0] += 1
            }
            self.sendAll(.terminating)
            _ = await self.cleanup(client).waitForOriginals(within: .seconds(10))
        }
        await self.pod.drain(limit: Self.drainLimit, lateConnectionGrace: InClusterSession.lateConnectionGrace)
        self.endedSource.finish()
    }

    private func cleanup(_ client: KubernetesClient, of session: SessionID? = nil) -> SessionCleanup {
        SessionCleanup(
            client: client, namespace: self.configuration.namespace, service: self.configuration.service,
            tunnel: self.machine.id, session: session ?? self.machine.id,
            slices: ResourceType<EndpointSlice>.endpointSlices(beta: self.configuration.usesBetaSlices))
    }

    /// How long before a state is said again that the API server did not take.
    private static let statePause = Duration.milliseconds(500)

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

    /// Writes states as they change, the newest only. A plugin takes a proxy that does not say that it passes through for
    /// dead: what the API server did not take is said again.
    private func writeStates(_ client: KubernetesClient) async {
        for await _ in self.changes {
            var refusals = 0
            while self.ending == nil, !Task.isCancelled, let (member, state) = self.unsaid {
                do throws(APIError) {
                    try await self.say(state, member, client)
                } catch {
                    // It may be another session's Lease by now, or the rights are gone.
                    if !error.isTransient { refusals += 1 }
                    if refusals == Self.refusals { break }
                    try? await Task.sleep(for: Self.statePause)
                }
            }
        }
    }

    /// How often it is said what came to the laptops, where that has changed.
    private static let trafficPause = Duration.seconds(10)

    /// Writes what came to each laptop, for `list`. What the API server does not take is said with the next.
    private func writeTraffic(_ client: KubernetesClient) async {
        var said: [SessionID: SessionTraffic] = [:]
        while !Task.isCancelled {
            try? await Task.sleep(for: Self.trafficPause)
            guard self.ending == nil, let figures = await self.pod.figures() else { continue }
            for member in self.machine.current {
                let session = member.holder.session
                guard let counted = figures.laptops[session.description], counted.connections > 0 else { continue }
                let traffic = SessionTraffic(
                    connections: counted.connections, received: counted.received, sent: counted.sent)
                guard said.updateValue(traffic, forKey: session) != traffic else { continue }
                let patch = Lease.annotation(Key.traffic, traffic.description, holder: member.holder)
                _ = try? await client.patch(.leases, member.lease, in: self.configuration.namespace, patch)
            }
        }
    }

    private var unsaid: (TunnelMember, SessionState)? {
        self.machine.states.first { self.said[$0.member.holder.session] != $0.state }
    }

    /// Writes the state by which the plugin knows that the session is over, before the Service shows it: it would switch to
    /// this proxy again. Whether or not that is to be had, the Service goes back.
    private func insist(_ state: SessionState, _ member: TunnelMember, _ client: KubernetesClient) async {
        for _ in 0..<Self.refusals {
            do throws(APIError) {
                return try await self.say(state, member, client)
            } catch {
                guard error.isTransient else { return }
                try? await Task.sleep(for: Self.statePause)
            }
        }
    }

    private func say(
        _ state: SessionState, _ member: TunnelMember, _ client: KubernetesClient
    ) async throws(APIError) {
        // The plugin sees by the key that it has connected to this proxy; another pod's it would take for a stranger's.
        let hasLink = state == .active || state == .localDown
        let patch = Lease.stateChange(state, holder: member.holder, proxyKey: hasLink ? self.publicKey : nil)
        _ = try await client.patch(.leases, member.lease, in: self.configuration.namespace, patch)
        self.said[member.holder.session] = state
    }
}
