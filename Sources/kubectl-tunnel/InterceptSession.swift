import Kubernetes
import Logging
import NIOCore
import NIOPosix
import PluginConsole
import Session
import SessionEffects
import Tunnel
import UnixSignals

/// A running intercept: set up, kept up, and undone whatever happens.
actor InterceptSession {
    let prepared: PreparedIntercept
    let cluster: Cluster
    let request: InterceptRequest
    let report: SessionReport
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let secret = TunnelSecret.random()
    let undo: SessionUndo
    private let events: AsyncStream<SessionEvent>
    private let eventSource: AsyncStream<SessionEvent>.Continuation
    private var background: [Task<Void, Never>] = []
    private var carrier: TunnelCarrier?
    private var carrierNumber = 0
    private var reconnecting: Task<Void, Never>?
    private var hasBegun = false
    private var isSwitched = false
    private var checked: AsyncStream<ControlLine>.Continuation?
    private var drained: AsyncStream<Void>.Continuation?

    var objects: SessionObjects { self.prepared.objects }
    var client: KubernetesClient { self.cluster.client }
    var namespace: String { self.objects.namespace }
    var serviceName: String { self.objects.service.metadata.name }

    init(_ prepared: PreparedIntercept, cluster: Cluster, request: InterceptRequest, report: SessionReport) {
        self.prepared = prepared
        self.cluster = cluster
        self.request = request
        self.report = report
        self.undo = SessionUndo(
            client: cluster.client, namespace: prepared.objects.namespace,
            service: prepared.objects.service.metadata.name, session: prepared.objects.holder.session,
            slices: prepared.slices)
        (self.events, self.eventSource) = AsyncStream.makeStream()
    }

    /// Runs until it is asked to end, or has to.
    ///
    /// - Throws: The reason, when the end was not asked for.
    func run() async throws {
        let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm, .sighup)
        let source = self.eventSource
        self.background.append(Task { for await _ in signals { source.yield(.interrupted) } })
        let setUp = Task {
            do {
                try await self.setUp()
                source.yield(.switched)
            } catch {
                source.yield(.setUpFailed(error))
            }
        }
        let end = await self.takeEvents(setUp)
        setUp.cancel()
        _ = await setUp.value
        await self.finish(end)
        for task in self.background { task.cancel() }
        try? await self.group.shutdownGracefully()
        switch end {
        case .asked: return
        case .failed(let error): throw error
        case .displaced(let what): throw PluginFailure(what)
        }
    }

    // MARK: Setting up

    private func setUp() async throws {
        if self.request.waitsForLocalPort { try await self.waitForLocalPorts() }
        let creation = SessionCreation(
            client: self.client, objects: self.objects, slices: self.prepared.slices, secret: self.secret,
            wantsNetworkPolicy: self.request.wantsNetworkPolicy)
        try await self.report.step("lease \(self.objects.names.lease)") {
            // From here on there may be something to undo, even if the answer is lost.
            self.hasBegun = true
            do {
                try await creation.createLease()
            } catch {
                self.hasBegun = await !self.isHeldByOthers()
                throw error
            }
        }
        self.keepLease()
        try await self.report.step("proxy created") { try await creation.createObjects() }
        self.watchObjects()
        let pod = try await self.report.step("proxy ready") {
            try await self.proxyPod.ready(within: self.request.timeout)
        }
        try await self.report.step("tunnel up") { try await self.connect(to: pod) }
        try await self.report.step("ways checked") { try await self.checkWays(pod) }
        try await self.report.step("service switched") { try await self.switchService(to: pod) }
        self.watchService()
        self.announce()
    }

    private func isHeldByOthers() async -> Bool {
        let lease = try? await self.client.find(.leases, self.objects.names.lease, in: self.namespace)
        guard let holder = Holder(lease?.spec.holderIdentity) else { return false }
        return holder.session != self.objects.holder.session
    }

    private var proxyPod: ProxyPod {
        ProxyPod(
            client: self.client, namespace: self.namespace, names: self.objects.names,
            session: self.objects.holder.session)
    }

    private var serviceSwitch: ServiceSwitch {
        ServiceSwitch(client: self.client, objects: self.objects, undo: self.undo)
    }

    private func waitForLocalPorts() async throws {
        for port in Set(self.objects.plan.listeners.compactMap(\.localPort)).sorted() {
            var isAnnounced = false
            while await !LocalPort.answers(host: self.request.address, port: port, group: self.group) {
                if !isAnnounced {
                    isAnnounced = true
                    self.report.event(
                        "waiting", "waiting for \(self.request.address):\(port) to answer (--no-wait goes on at once)",
                        ["port": .integer(Int64(port))])
                }
                try await Task.sleep(for: LocalPort.interval)
            }
        }
    }

    private func connect(to pod: String) async throws {
        let targets = self.objects.plan.listeners.compactMap { listener in
            listener.localPort.map {
                (listener.route(of: self.serviceName), LocalTarget(host: self.request.address, port: $0))
            }
        }
        let identity = TunnelIdentity(
            session: self.objects.holder.session.description, secret: self.secret,
            software: ProxyConfiguration.softwareVersion)
        let carrier = try await TunnelCarrier.open(
            pod: pod, port: self.objects.plan.tunnelPort, pin: self.cluster.pin, identity: identity,
            targets: Dictionary(targets) { first, _ in first }, group: self.group)
        self.carrierNumber += 1
        let (number, source) = (self.carrierNumber, self.eventSource)
        self.carrier = carrier
        self.background.append(
            Task { for await event in carrier.laptop.events { source.yield(.tunnel(number, event)) } })
    }

    /// What works today must work through the proxy, or nothing is switched.
    private func checkWays(_ pod: String) async throws {
        async let warm: Void = self.serviceSwitch.waitForWarmUp(pod: pod, within: .seconds(20))
        let (answers, source) = AsyncStream.makeStream(of: ControlLine.self)
        self.checked = source
        self.carrier?.laptop.send(control: ControlLine.check.text)
        let answer = await withTaskGroup(of: ControlLine?.self) { group in
            group.addTask { await answers.first { _ in true } }
            group.addTask {
                try? await Task.sleep(for: .seconds(20))
                return nil
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            return first
        }
        try await warm
        try Task.checkCancellation()
        guard case .checked(let origin, let warmUp)? = answer else {
            throw PluginFailure(
                "the proxy did not answer", hint: "see `kubectl logs deployment/\(self.objects.names.deployment)`")
        }
        if let origin, try await !self.undo.readyPods(of: self.objects.names.origin).isEmpty {
            throw PluginFailure(
                "the proxy cannot reach the original pods: \(origin)",
                hint: "a NetworkPolicy may stand in the way: try --network-policy")
        }
        if let warmUp {
            // A pod behind a bridge without hairpin cannot reach itself through a Service, though others can.
            self.report.event("note", "note: the proxy does not reach itself through a Service: \(warmUp)")
        }
    }

    private func switchService(to pod: String) async throws {
        self.isSwitched = true
        // Beside a pod that ends the Service must not publish pods that are not ready: it would get traffic again, up to
        // the moment in which it is gone.
        let isAlone = try await self.proxyPod.isAlone()
        try await self.serviceSwitch.run(publishNotReady: self.prepared.publishesNotReady && isAlone)
        if self.prepared.publishesNotReady, !isAlone { self.keepEndingPodsLater() }
        try await self.serviceSwitch.confirm(pod: pod, within: .seconds(20))
    }

    private func keepEndingPodsLater() {
        let (pods, service) = (self.proxyPod, self.serviceSwitch)
        self.background.append(
            Task {
                while !Task.isCancelled {
                    try? await Task.sleep(for: .milliseconds(500))
                    guard (try? await pods.isAlone()) == true else { continue }
                    if (try? await service.keepEndingPods()) != nil { return }
                }
            })
    }

    private func announce() {
        let ports = self.objects.plan.listeners.compactMap { listener in
            listener.localPort.map { (listener.servicePort, $0) }
        }
        for (servicePort, localPort) in ports {
            self.report.event(
                "intercepting",
                "service/\(self.serviceName) port \(servicePort) now comes to \(self.request.address):\(localPort)",
                [
                    "service": .string(self.serviceName), "namespace": .string(self.namespace),
                    "port": .integer(Int64(servicePort)), "localPort": .integer(Int64(localPort)),
                    "session": .string(self.objects.holder.session.description),
                ])
        }
        self.report.event("ready", "open connections stay with the original pods until they close; Ctrl-C ends it")
    }

    // MARK: Keeping up

    private func keepLease() {
        let keeper = LeaseKeeper(
            client: self.client, namespace: self.namespace, name: self.objects.names.lease,
            holder: self.objects.holder, durationSeconds: self.objects.leaseDurationSeconds)
        let source = self.eventSource
        self.background.append(Task { await keeper.run { source.yield($0) } })
    }

    private func watchObjects() {
        let (watch, source) = (ObjectWatch(client: self.client, objects: self.objects), self.eventSource)
        self.background.append(Task { await watch.run { source.yield(.objectDeleted($0)) } })
    }

    private func watchService() {
        let (client, name, namespace, source) = (self.client, self.serviceName, self.namespace, self.eventSource)
        self.background.append(
            Task {
                while !Task.isCancelled {
                    do {
                        for try await event in client.watch(.services, name: name, in: namespace) {
                            switch event {
                            case .added(let service), .modified(let service): source.yield(.service(service))
                            case .deleted: source.yield(.service(nil))
                            case .other: break
                            }
                        }
                    } catch {
                        // The renewals tell when the API is away for good.
                    }
                    try? await Task.sleep(for: .milliseconds(500))
                }
            })
    }

    /// Takes facts in until one of them ends the session.
    private func takeEvents(_ setUp: Task<Void, Never>) async -> SessionEnd {
        for await event in self.events {
            switch event {
            case .interrupted: return .asked("interrupted")
            case .setUpFailed(let error): return .failed(error)
            case .switched: break
            case .reconnected:
                self.report.event("link-back", "tunnel is back: traffic comes here again")
            case .stopRequested(let person): return .asked("stopped by \(person)")
            case .objectDeleted(let name):
                return .failed(PluginFailure("the session has ended: \(name) was deleted"))
            case .leaseLost(let reason): return .failed(PluginFailure("the session has ended: \(reason)"))
            case .tunnel(let number, let event):
                guard number == self.carrierNumber else { continue }
                self.take(event)
            case .service(let service):
                if let end = await self.take(service) { return end }
            }
        }
        return .asked("interrupted")
    }

    private func take(_ event: LaptopEvent) {
        switch event {
        case .localDown(let route, let reason):
            self.report.event(
                "local-down",
                "local process for \(route) does not answer (\(reason)): traffic goes to the original pods",
                ["route": .string(route)])
        case .localUp(let route):
            self.report.event(
                "local-up", "local process for \(route) answers again: traffic comes here", ["route": .string(route)])
        case .suspect: self.report.detail("the tunnel is slow: new connections go to the original pods")
        case .recovered: self.report.detail("the tunnel answers again")
        case .closed where !self.isSwitched:
            // Setting up waits for an answer that will not come now.
            self.checked?.finish()
        case .closed(let reason):
            self.report.event(
                "link-lost", "tunnel lost (\(reason)): traffic goes to the original pods; reconnecting")
            self.reconnect()
        case .control(let text):
            switch ControlLine(text) {
            case .checked(let origin, let warmUp):
                self.checked?.yield(.checked(origin: origin, warmUp: warmUp))
            case .drained: self.drained?.finish()
            case .terminating:
                self.report.event("proxy-ends", "the proxy's pod is being deleted: the Service was restored meanwhile")
            case .check, .drain, nil: break
            }
        }
    }

    /// The Service was changed: by the session itself, by its proxy, or by somebody else, who always wins.
    private func take(_ service: Service?) async -> SessionEnd? {
        guard let service, service.metadata.uid == self.objects.service.metadata.uid else {
            return .displaced("service/\(self.serviceName) was deleted")
        }
        let session = self.objects.holder.session
        let isMarked = service.metadata.annotation(Key.session) == session.description
        let value = self.objects.names.selectorValue(for: session)
        if isMarked, service.selector.values.allSatisfy({ $0 == value }) { return nil }
        if !isMarked {
            let lease = try? await self.client.find(.leases, self.objects.names.lease, in: self.namespace)
            if lease?.metadata.annotation(Key.state) == SessionState.terminating.rawValue { return nil }
        }
        return .displaced("somebody else changed the selector of service/\(self.serviceName): it was left as it is")
    }

    private func reconnect() {
        guard self.reconnecting == nil else { return }
        let source = self.eventSource
        self.reconnecting = Task {
            var pause = Duration.milliseconds(100)
            while !Task.isCancelled {
                do {
                    // A lost tunnel is no more: an end in the meantime has nothing to drain.
                    let lost = self.carrier
                    self.carrier = nil
                    await lost?.close()
                    let pod = try await self.proxyPod.ready(within: .seconds(60))
                    try await self.connect(to: pod)
                    try await self.checkWays(pod)
                    try await self.switchService(to: pod)
                    source.yield(.reconnected)
                    break
                } catch {
                    self.report.detail("not yet: \((error as? PluginFailure)?.summary ?? "\(error)")")
                    try? await Task.sleep(for: pause * Double.random(in: 0.5...1))
                    pause = min(pause * 2, .seconds(5))
                }
            }
            self.reconnecting = nil
        }
    }

    // MARK: Ending

    private func finish(_ end: SessionEnd) async {
        self.reconnecting?.cancel()
        await self.reconnecting?.value
        guard self.hasBegun else { return }
        if case .asked(let why) = end {
            self.report.event(
                "ending", "\(why): " + (self.isSwitched ? "restoring service/\(self.serviceName)" : "cleaning up"))
        }
        await self.persist("restore service/\(self.serviceName)") { () async throws(APIError) in
            switch try await self.undo.restoreService() {
            case .restored: self.report.event("restored", "service/\(self.serviceName) is restored")
            case .displaced, .untouched, .serviceGone: break
            case .disagreement(let annotation, let origin):
                self.report.event(
                    "uncertain",
                    "service/\(self.serviceName) is still switched: its original selector is \(annotation) or \(origin)"
                )
            }
        }
        _ = await self.undo.waitForOriginals(within: .seconds(30))
        await self.drain()
        await self.carrier?.close()
        await self.persist("clean up") { () async throws(APIError) in
            try await self.undo.deleteObjects()
            try await self.undo.deleteAccount()
            try await self.undo.deleteLease()
        }
        self.report.event("ended", "the session has ended, and what it created is deleted")
    }

    /// Lets open connections come to their end; a second Ctrl-C does not wait for them.
    private func drain() async {
        guard let carrier = self.carrier else { return }
        let (drained, source) = AsyncStream.makeStream(of: Void.self)
        self.drained = source
        carrier.laptop.send(control: ControlLine.drain.text)
        self.report.detail("waiting for open connections to become quiet")
        let events = self.events
        let waiter = Task {
            for await event in events {
                switch event {
                case .interrupted: source.finish()
                case .tunnel(_, .control(let text)) where ControlLine(text) == .drained: source.finish()
                case .tunnel(_, .closed): source.finish()
                default: break
                }
            }
        }
        let limit = Task {
            try? await Task.sleep(for: .seconds(35))
            source.finish()
        }
        for await _ in drained {}
        waiter.cancel()
        limit.cancel()
    }

    /// Tries until it works, for as long as the cluster itself would take to restore.
    private func persist(_ action: String, _ body: () async throws(APIError) -> Void) async {
        let clock = ContinuousClock()
        let deadline = clock.now + .seconds(self.objects.leaseDurationSeconds + 10)
        while true {
            do throws(APIError) {
                return try await body()
            } catch {
                guard clock.now < deadline else {
                    return self.report.event(
                        "undone", "could not \(action): \(error.message); the cluster does it by itself")
                }
                self.report.detail("could not \(action): \(error.message); trying again")
                try? await Task.sleep(for: .milliseconds(500))
            }
        }
    }
}
