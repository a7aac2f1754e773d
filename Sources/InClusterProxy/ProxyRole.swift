import Kubernetes
import Logging
import Session
import SessionEffects
import Tunnel

/// The proxy: carries a Service's traffic to a laptop, and restores the Service when the laptop is gone.
actor ProxyRole {
    let configuration: ProxyConfiguration
    let pod: PodEnd
    let publicKey: String
    let client: KubernetesClient?
    private let check: ReachabilityCheck
    let logger: Logger
    private let clock = ContinuousClock()
    private let start: ContinuousClock.Instant
    var machine: InClusterTunnel
    let (changes, changeSource) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    var ending: Task<Void, Never>?
    /// Whether the pod was asked to terminate.
    var isTerminating = false
    /// How often the Service was restored, by the Event's reason.
    var restores: [String: Int] = [:]
    /// What each session's Lease says.
    var said: [SessionID: SessionState] = [:]
    /// Whether only a person can make it possible to end the tunnel.
    var isStuck = false
    let (ended, endedSource) = AsyncStream.makeStream(of: Void.self)
    /// The sessions that the pod is to use; the newest only.
    private let (uses, useSource) = AsyncStream.makeStream(
        of: [TunnelMember].self, bufferingPolicy: .bufferingNewest(1))

    /// How long connections get to end, in seconds; the pod's grace period leaves 15 more.
    static let drainLimit = Duration.seconds(30)
    /// How long those that pass through have to become quiet before the plugin leaves them to the proxy.
    private static let quietTime = Duration.seconds(2)
    /// How long connections get to end that pass through, once nobody waits at a prompt: 10 min.
    static let passThroughLimit = Duration.seconds(600)

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
            configuration.maker(holder), durationSeconds: configuration.leaseDurationSeconds, key: publicKey)
    }

    var names: SessionNames { SessionNames(service: self.configuration.service) }

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
                    selection: .labels(self.names.leaseLabels),
                    interval: { await self.machine.interval })
                group.addTask {
                    await observer.run {
                        await self.read($0)
                    } besides: {
                        await self.readOrigin(client)
                    }
                }
                group.addTask { await self.writeStates(client) }
                group.addTask { await self.writeTraffic(client) }
            }
            group.addTask { await self.tellLosses() }
            for await _ in self.ended { break }
            group.cancelAll()
        }
    }

    /// As ``KubernetesClient/sessionLeases(_:in:)`` has them.
    private func read(_ leases: [Lease]) {
        let names = Set(self.names.leases)
        self.take(.leasesRead(leases.filter { names.contains($0.metadata.name) }))
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
        case .callersNotRead(let route, let name):
            let port = route.split(separator: ":").last.flatMap { Int($0) }
            for member in self.machine.current where member.rule != nil && port.map(member.ports.contains) == true {
                self.send(.notRead(route: route, protocol: name), to: member.holder.session.description)
            }
        case .control(let text, let session): self.take(ControlLine(text), from: session)
        }
    }

    /// What is counted here, for the metrics; `nil` after the shutdown.
    func metrics(_ transport: CountingTransport?) async -> ProxyMetrics? {
        guard let figures = await self.pod.figures() else { return nil }
        return ProxyMetrics(
            sessions: Dictionary(self.machine.current.map { ($0.kind, 1) }, uniquingKeysWith: +),
            restores: self.restores, apiRequests: transport?.requestCount ?? 0,
            apiFailures: transport?.failureCount ?? 0, figures: figures)
    }

    func sendAll(_ line: ControlLine) {
        for member in self.machine.current { self.send(line, to: member.holder.session.description) }
    }

    func send(_ line: ControlLine, to session: String) {
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
        case .checked, .drained, .laptopDrained, .terminating, .callersRefused, .notRead, .mirrored, .taken, nil:
            break
        }
    }

    /// Ends the connections that a laptop has, and tells it how many others pass through.
    private func drain(_ session: String) async {
        let quiet = self.clock.now + Self.quietTime
        await self.pod.drain(session: session, limit: Self.drainLimit)
        if let figures = await self.pod.figures()?.mirrors[session] { self.send(figures.line, to: session) }
        // With others in the tunnel nobody waits for what passes through.
        if self.machine.isAlone { try? await Task.sleep(until: quiet) }
        let passing = await self.pod.passingThrough(for: Self.quietTime)
        self.send(.laptopDrained(passing: passing), to: session)
    }

    private func take(_ event: InClusterSession.Event, of session: String) {
        guard let session = SessionID(session) else { return }
        self.take(.session(session, event))
    }

    func take(_ event: InClusterTunnel.Event) {
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
            case .exit: self.ending = Task { await self.exit() }
            }
        }
        if !states.isEmpty, self.ending == nil { self.changeSource.yield() }
    }
}
