import Kubernetes
import KubernetesViaKubectl
import Logging
import NIOCore
import PluginConsole
import PluginSession
import Session
import SessionEffects
import Tunnel

extension InterceptSession {
    func setUp() async throws {
        if let command { try await self.run(command) }
        if self.request.waitsForLocalPort { try await self.waitForLocalPorts() }
        let creation = SessionCreation(client: self.client, objects: self.objects, secret: self.secret)
        try await self.report.step("lease \(self.objects.names.lease)") {
            // From here on there may be something to clean up, even if the answer is lost.
            self.hasBegun = true
            do {
                try await creation.createLease()
            } catch {
                self.hasBegun = await !self.isHeldByOthers()
                throw error
            }
        }
        self.keepLease()
        try await self.report.step("proxy created") {
            try await self.write(.createHelpers)
            self.originHost = try await creation.createSecret()
            try await self.write(.createProxy)
        }
        self.watchObjects()
        self.watchPods()
        let pod = try await self.report.step("proxy ready") {
            try await self.proxyPod.ready(within: self.request.timeout)
        }
        self.firstPod = pod
        try await self.report.step("tunnel up") { try await self.connectFirst(to: pod) }
        try await self.report.step("reachability checked") { try await self.checkReachability(pod) }
        // From here on it may be switched, even if the answer is lost.
        self.isSwitched = true
        self.hasSwitched = true
        try await self.report.step("service switched") { try await self.switchService(to: pod) }
        self.watchService()
        self.watchLocalPorts()
        self.announce()
    }

    /// How often the first connection is tried: a pod without a readiness probe is ready before its process listens, on a
    /// busy node by a second.
    private static let firstAttempts = 4

    private func connectFirst(to pod: String) async throws {
        for _ in 1..<Self.firstAttempts {
            do {
                return try await self.connect(to: pod)
            } catch {
                self.report.detail("not yet: \((error as? PluginFailure)?.summary ?? "\(error)")")
                try await Task.sleep(for: .milliseconds(500))
            }
        }
        try await self.connect(to: pod)
    }

    private func isHeldByOthers() async -> Bool {
        let lease = try? await self.client.find(.leases, self.objects.names.lease, in: self.namespace)
        guard let holder = lease?.holder else { return false }
        return holder.session != self.objects.holder.session
    }

    var proxyPod: ProxyPod {
        ProxyPod(
            client: self.client, namespace: self.namespace, deployment: self.objects.names.deployment,
            session: self.objects.holder.session)
    }

    var endpoints: EndpointWait { EndpointWait(objects: self.objects, cleanup: self.cleanup) }

    private func waitForLocalPorts() async throws {
        for port in Set(self.objects.plan.listeners.compactMap(\.localPort)).sorted() {
            var isAnnounced = false
            while await !self.answers(port) {
                if !isAnnounced {
                    isAnnounced = true
                    self.report.event(
                        "waiting",
                        "waiting for \(self.request.address.with(port: port)) to answer (--no-wait goes on at once)",
                        ["port": .integer(Int64(port))])
                    await self.nameOtherLoopback(port)
                }
                try await Task.sleep(for: LocalPort.interval)
            }
        }
    }

    /// A server that was told `localhost` may listen at one of its two addresses only.
    private func nameOtherLoopback(_ port: Int) async {
        guard self.command == nil, let other = self.request.address.otherLoopback,
            await LocalPort.answers(other, port: port, group: self.group)
        else { return }
        self.report.event("note", "note: \(other.with(port: port)) answers: --address localhost takes both")
    }

    private func answers(_ port: Int) async -> Bool {
        if let command { return await command.answers(port: port) }
        return await LocalPort.answers(self.request.address, port: port, group: self.group)
    }

    private func run(_ command: LocalCommand) async throws {
        try await command.start()
        let source = self.eventSource
        self.background.append(Task { source.yield(.commandEnded(await command.exitCode())) })
    }

    func connect(to pod: String) async throws {
        let targets = self.objects.plan.listeners.compactMap { listener in
            listener.localPort.map {
                (listener.route(of: self.serviceName), LocalTarget(host: self.request.address.host, port: $0))
            }
        }
        let identity = TunnelIdentity(
            session: self.objects.holder.session.description, secret: self.secret,
            software: ProxyConfiguration.softwareVersion)
        var openSocket: LocalSocket?
        if let command { openSocket = { target in try await command.socket(to: target) } }
        let tunnel = try await PortForwardedTunnel.open(
            pod: pod, port: self.objects.plan.tunnelPort, pin: self.cluster.pin
        ) { [openSocket] host, port throws(TunnelError) in
            try await LaptopEnd.connect(
                host: host, port: port, identity: identity, targets: Dictionary(targets) { first, _ in first },
                openSocket: openSocket, timeout: .seconds(10), group: self.group,
                logger: Logger(label: "tunnel") { _ in SwiftLogNoOpLogHandler() })
        }
        self.tunnelNumber += 1
        let (number, source) = (self.tunnelNumber, self.eventSource)
        self.tunnel = tunnel
        self.background.append(
            Task { for await event in tunnel.end.events { source.yield(.tunnel(number, event)) } })
        tunnel.end.local(self.routes(to: self.silentPorts), listens: false)
    }
}
