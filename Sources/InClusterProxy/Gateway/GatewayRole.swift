import FoundationEssentials
import Kubernetes
import Logging
import NIOCore
import NIOPosix
import Names
import Session
import SessionEffects
import Tunnel

/// The gateway: connects and resolves for one laptop, and goes when the laptop is gone.
actor GatewayRole {
    private let configuration: GatewayConfiguration
    private let holder: Holder
    private let end: GatewayEnd
    private let client: KubernetesClient?
    private let logger: Logger
    private let names: GatewayLine
    private let start = ContinuousClock.now
    private var machine: InClusterSession
    private let (ended, endedSource) = AsyncStream.makeStream(of: Void.self)

    /// Where the kubelet writes the pod's resolver configuration.
    static let resolverFile = "/etc/resolv.conf"
    /// Where the kernel lists the pod's routes.
    private static let routeFile = "/proc/net/route"

    init(
        configuration: GatewayConfiguration, holder: Holder, key: TunnelPublicKey, environment: [String: String],
        client: KubernetesClient?, loop: any EventLoop, logger: Logger
    ) async throws {
        self.configuration = configuration
        self.holder = holder
        self.client = configuration.mayCleanUp ? client : nil
        self.logger = logger
        self.machine = InClusterSession(
            holder: holder, durationSeconds: configuration.leaseDurationSeconds)
        let text = (try? String(contentsOf: URL(filePath: Self.resolverFile), encoding: .utf8)) ?? ""
        let resolver = ResolverConfiguration(text: text)
        // Without a kubelet's search list the zone is the one that nearly all clusters have.
        let zone = try resolver.zone ?? DNSName("cluster.local")
        self.names = .names(
            zone: zone.description, search: resolver.search.map(\.description), minimumDots: resolver.minimumDots)
        let policy = EgressPolicy(
            zone: zone, forbidden: Self.forbidden(configuration, environment),
            rules: configuration.allowed.compactMap(EgressRule.init))
        let servers = resolver.servers.compactMap { try? SocketAddress(ipAddress: $0.description, port: 53) }
        let egress = try await loop.submit {
            NIOLoopBound(
                ClusterEgress(
                    loop: loop, relay: NameRelay(servers: servers, loop: loop), resolver: resolver, policy: policy),
                eventLoop: loop)
        }.get()
        self.end = GatewayEnd(
            identity: PodIdentity(software: ProxyConfiguration.softwareVersion),
            session: PodSession(id: holder.session.description, key: key, routes: []),
            tunnelPort: configuration.tunnelPort, decisions: GatewayEgress(egress: egress), loop: loop, logger: logger)
    }

    private static func forbidden(
        _ configuration: GatewayConfiguration, _ environment: [String: String]
    ) -> EgressPolicy.Forbidden {
        let own =
            (try? System.enumerateDevices())?.compactMap { $0.address?.ipAddress }.compactMap { IPAddress($0) } ?? []
        let routes = RouteTable(text: (try? String(contentsOf: URL(filePath: Self.routeFile), encoding: .utf8)) ?? "")
        let node =
            (environment[GatewayConfiguration.nodeVariable] ?? "").split(separator: ",")
            .compactMap { IPAddress($0) } + routes.gateways.union(routes.firstHops).map(IPAddress.init)
        let service = environment["KUBERNETES_SERVICE_HOST"]
        return EgressPolicy.Forbidden(
            gateway: Set(own), node: Set(node),
            apiServer: Set((configuration.apiServers + [service].compactMap { $0 }).compactMap { IPAddress($0) }))
    }

    /// Runs until the session has ended, or the pod was asked to terminate.
    func run(signals: some AsyncSequence<Void, Never> & Sendable) async throws {
        try await self.end.start()
        await withTaskGroup(of: Void.self) { group in
            group.addTask { for await event in self.end.events { await self.take(event) } }
            group.addTask { for await _ in signals { await self.take(.terminationRequested) } }
            if let client = self.client {
                let observer = LeaseObserver(
                    client: client, namespace: self.configuration.namespace,
                    selection: .name(GatewayNames(holder: self.holder).lease),
                    interval: { [interval = self.machine.interval] in interval })
                group.addTask {
                    await observer.run { leases in
                        await self.take(leases.first.map(InClusterSession.Event.leaseRead) ?? .leaseMissing)
                    }
                }
            }
            for await _ in self.ended { break }
            group.cancelAll()
        }
        await self.end.shutdown()
    }

    private func take(_ event: PodEvent) {
        switch event {
        case .linkUp:
            self.end.send(control: self.names.text, to: self.holder.session.description)
            self.take(InClusterSession.Event.linkUp)
        case .linkDown(_, let reason):
            self.logger.debug("link down", metadata: ["reason": .string(reason)])
            self.take(InClusterSession.Event.linkDown)
        case .peerRefused(let reason): self.logger.debug("peer refused", metadata: ["reason": .string(reason)])
        case .callersRefused, .callersNotRead, .control, .linkSuspect, .linkRecovered: break
        }
    }

    private func take(_ event: InClusterSession.Event) {
        for order in self.machine.handle(event, now: ContinuousClock.now - self.start) {
            switch order {
            // No traffic depends on the state, so it is not recorded.
            case .write: break
            case .end(let reason): Task { await self.cleanUp(reason) }
            case .restoreAndDrain, .exit:
                self.end.send(
                    control: GatewayLine.terminating.text, to: self.holder.session.description)
                self.endedSource.finish()
            }
        }
    }

    /// How often the API is asked to delete what the session made; seconds apart, and the pod goes with it.
    private static let attempts = 30

    private func cleanUp(_ reason: InClusterSession.Reason) async {
        self.logger.notice("session ends", metadata: ["reason": "\(reason)"])
        guard let client = self.client else { return self.endedSource.finish() }
        let cleanup = GatewayCleanup(
            client: client, namespace: self.configuration.namespace, names: GatewayNames(holder: self.holder),
            session: self.holder.session)
        for _ in 0..<Self.attempts {
            do throws(APIError) {
                try await cleanup.run()
                break
            } catch {
                self.logger.warning("clean up failed", metadata: ["error": .string(error.message)])
                try? await Task.sleep(for: .seconds(1))
            }
        }
        self.endedSource.finish()
    }
}
