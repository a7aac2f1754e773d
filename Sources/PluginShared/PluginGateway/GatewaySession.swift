import Kubernetes
import KubernetesViaKubectl
import Logging
public import NIOCore
public import PluginConsole
public import PluginSession
public import Session
import SessionEffects
import Tunnel

/// A running gateway: set up, kept up, and deleted whatever happens.
public actor GatewaySession {
    /// What happens to it.
    public enum Event: Sendable {
        /// It has come to its end in the cluster, for this reason; ``finish()`` is to be called.
        case ended(String)
        /// The tunnel is gone, and being opened again.
        case lost(String)
        /// The tunnel is back.
        case back
    }

    /// The link to the cluster; down until ``start()`` has returned.
    public nonisolated let link: ClusterLink
    /// What happens, in order. For one reader.
    public nonisolated let events: AsyncStream<Event>
    /// Who holds the session.
    public nonisolated let holder: Holder

    private let cluster: Cluster
    private let request: GatewayRequest
    private let report: SessionReport
    private let key = TunnelKey()
    private let eventSource: AsyncStream<Event>.Continuation
    private var objects: GatewayObjects?
    private var tunnel: PortForwardedTunnel<GatewayClient>?
    private var background: [Task<Void, Never>] = []
    private var reconnecting: Task<Void, Never>?
    private var names: AsyncStream<ClusterNames>.Continuation?
    private var isFinishing = false

    /// A gateway in the cluster's namespace, which is not there yet.
    ///
    /// - Parameter loop: Carries the tunnel, and every socket that goes through it.
    public init(
        cluster: Cluster, request: GatewayRequest, report: SessionReport, holder: Holder, loop: any EventLoop
    ) {
        self.cluster = cluster
        self.request = request
        self.report = report
        self.holder = holder
        self.link = ClusterLink(eventLoop: loop)
        (self.events, self.eventSource) = AsyncStream.makeStream()
    }

    /// Creates the gateway and connects to it. When it fails, ``finish()`` deletes what was created.
    ///
    /// - Throws: ``PluginFailure``.
    public func start() async throws -> ClusterNames {
        let creation = GatewayCreation(client: self.cluster.client, namespace: self.cluster.pin.namespace)
        let objects = try await creation.plan(
            self.request, holder: self.holder, publicKey: self.key.publicKey.hex)
        if !objects.mayCleanUp {
            self.report.event(
                "note",
                "note: you may not create Roles here: if this machine disappears, the gateway stays, idle, until the next `up` or `down`"
            )
        }
        // From here on there may be something to clean up, even if an answer is lost.
        self.objects = objects
        try await self.report.step("lease \(objects.names.lease)") { try await creation.createLease(objects) }
        self.keepLease(objects)
        try await self.report.step("gateway created") {
            try await creation.createObjects(objects)
        }
        let pod = try await self.report.step("gateway ready") {
            try await self.pod(objects).ready(within: self.request.timeout)
        }
        return try await self.report.step("tunnel up") { try await self.connect(to: pod) }
    }

    private func pod(_ objects: GatewayObjects) -> ProxyPod {
        ProxyPod(
            client: self.cluster.client, namespace: objects.namespace, deployment: objects.names.deployment,
            session: self.holder.session, component: "gateway")
    }

    private func connect(to pod: String) async throws -> ClusterNames {
        let identity = LaptopIdentity(
            session: self.holder.session.description, key: self.key, software: ProxyConfiguration.softwareVersion)
        let loop = self.link.eventLoop
        let tunnel = try await PortForwardedTunnel.open(
            pod: pod, port: GatewayObjects.tunnelPort, pin: self.cluster.pin
        ) {
            host, port throws(TunnelError) in
            try await GatewayClient.connect(
                host: host, port: port, identity: identity, timeout: .seconds(10), loop: loop,
                logger: Logger(label: "tunnel") { _ in SwiftLogNoOpLogHandler() })
        }
        let (names, source) = AsyncStream.makeStream(of: ClusterNames.self)
        self.names = source
        self.tunnel = tunnel
        self.background.append(Task { for await event in tunnel.end.events { self.take(event, of: tunnel) } })
        let limit = Task {
            try? await Task.sleep(for: .seconds(10))
            source.finish()
        }
        defer { limit.cancel() }
        guard let first = await names.first(where: { _ in true }) else {
            throw PluginFailure("the gateway in pod/\(pod) does not say what its names are")
        }
        let zone = ClusterNames(zone: self.request.zone, search: [], minimumDots: 0).zone
        guard first.zone.lowercased() == zone.lowercased() else {
            throw PluginFailure(
                "the cluster calls its zone \(first.zone), and not \(zone)",
                hint: "if that is so, name it: `kubectl tunnel-dns up --zone \(first.zone)`")
        }
        self.link.use(tunnel.end)
        return first
    }

    private func take(_ event: GatewayClientEvent, of tunnel: PortForwardedTunnel<GatewayClient>) {
        guard tunnel === self.tunnel else { return }
        switch event {
        case .control(let text):
            guard case .names(let zone, let search, let minimumDots)? = GatewayLine(text) else { return }
            self.names?.yield(ClusterNames(zone: zone, search: search, minimumDots: minimumDots))
        case .closed(let reason):
            self.names?.finish()
            self.link.use(nil)
            guard !self.isFinishing, self.reconnecting == nil else { return }
            self.eventSource.yield(.lost(reason))
            self.reconnect()
        }
    }

    private func reconnect() {
        guard let objects = self.objects else { return }
        self.reconnecting = Task {
            var pause = Duration.milliseconds(100)
            while !Task.isCancelled {
                do {
                    let lost = self.tunnel
                    self.tunnel = nil
                    await lost?.close()
                    let pod = try await self.pod(objects).ready(within: .seconds(60))
                    _ = try await self.connect(to: pod)
                    self.eventSource.yield(.back)
                    break
                } catch {
                    self.report.detail("not yet: \(error)")
                    try? await Task.sleep(for: pause * Double.random(in: 0.5...1))
                    pause = min(pause * 2, .seconds(5))
                }
            }
            self.reconnecting = nil
        }
    }

    private func keepLease(_ objects: GatewayObjects) {
        let keeper = LeaseKeeper(
            client: self.cluster.client, namespace: objects.namespace, name: objects.names.lease, holder: self.holder,
            durationSeconds: objects.leaseDurationSeconds)
        let (source, report) = (self.eventSource, self.report)
        self.background.append(
            Task {
                await keeper.run { event in
                    switch event {
                    case .endRequested(let request): source.yield(.ended(request.text))
                    case .lost(let reason): source.yield(.ended(reason))
                    case .slept(let duration): report.event("slept", LeaseKeeper.sleep(duration))
                    }
                }
            })
    }

    /// How often deletion is tried, half a second apart; after that the gateway does it by itself.
    private static let attempts = 20

    /// Deletes the gateway.
    ///
    /// - Returns: Whether the cluster has said that nothing of it is left.
    @discardableResult
    public func finish() async -> Bool {
        guard !self.isFinishing else { return false }
        self.isFinishing = true
        self.link.use(nil)
        self.reconnecting?.cancel()
        await self.reconnecting?.value
        for task in self.background { task.cancel() }
        await self.tunnel?.close()
        self.eventSource.finish()
        guard let objects = self.objects else { return true }
        let cleanup = GatewayCleanup(
            client: self.cluster.client, namespace: objects.namespace, names: objects.names,
            session: self.holder.session)
        for attempt in 1...Self.attempts {
            do throws(APIError) {
                try await cleanup.run()
                return true
            } catch {
                if attempt == Self.attempts {
                    self.report.event("cleanup", "could not delete the gateway: \(error.message)")
                }
                try? await Task.sleep(for: .milliseconds(500))
            }
        }
        return false
    }
}
