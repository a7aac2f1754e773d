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
    /// Creates what the session needs.
    ///
    /// - Returns: The proxy's pod.
    func setUp() async throws -> String {
        if let command { try await self.run(command) }
        if self.request.waitsForLocalPort { try await self.waitForLocalPorts() }
        try await self.report.step("lease") { try await self.enter() }
        self.keepLease()
        if self.isMaker {
            try await self.report.step("proxy created") {
                try await self.write(.createHelpers)
                try await self.write(.createProxy)
            }
        } else {
            try await self.takePortsOver()
        }
        self.watchObjects()
        self.watchPods()
        let pod = try await self.report.step("proxy ready") {
            try await self.proxyPod.ready(within: self.request.timeout)
        }
        self.firstPod = self.isMaker ? pod : nil
        return pod
    }

    /// Whether the tunnel is this session's own, and not one that it has joined.
    var isMaker: Bool { self.objects.tunnel == self.objects.holder.session }

    private func enter() async throws {
        let entry = SessionEntry(
            client: self.client, report: self.report, takesOver: self.request.takesOver, tell: { self.tell($0) },
            use: { await self.use($0) },
            deleteLease: { objects in
                let writes = await self.writes(for: objects)
                _ = try await writes.perform(.leave)
            })
        self.use(try await entry.enter(self.objects))
        let objects = self.objects
        self.tell(.entered(tunnel: objects.tunnel, lease: objects.leaseName, service: objects.service))
        guard !self.isMaker else { return }
        let people = try await self.colleagues()
        self.report.event(
            "joined", "joined the tunnel of \(people.isEmpty ? "another session" : people.joined(separator: ", "))")
    }

    /// Who has the tunnel, too.
    private func colleagues() async throws -> [String] {
        try await self.cleanup.others()
            .compactMap { $0.holder?.person }.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }.sorted()
    }

    /// Asks the sessions to end that have a port of this one's. The tunnel goes on.
    private func takePortsOver() async throws {
        guard self.request.takesOver else { return }
        let held = HeldService(
            client: self.client, namespace: self.namespace, names: self.objects.names, slices: self.prepared.slices)
        for lease in try await held.rivals(for: self.objects.wish)
        where !lease.isHeld(by: self.objects.holder.session) {
            guard let holder = lease.holder else { continue }
            try await held.takeOver(lease, of: holder, by: self.objects.holder, self.report)
        }
    }

    /// How often the first connection is tried: a pod without a readiness probe is ready before its process listens, on a
    /// busy node by a second.
    private static let firstAttempts = 4
    /// A proxy that is there hears of a session that joins it a moment later.
    private static let joinAttempts = 20

    func connect(to pod: String, isFirst: Bool) async throws -> LaptopSession.Event {
        if isFirst {
            try await self.report.step("tunnel up") { try await self.connectFirst(to: pod) }
        } else {
            try await self.connect(to: pod)
        }
        return .connected
    }

    private func connectFirst(to pod: String) async throws {
        for _ in 1..<(self.isMaker ? Self.firstAttempts : Self.joinAttempts) {
            do {
                return try await self.connect(to: pod)
            } catch {
                self.report.detail("not yet: \(error)")
                try await Task.sleep(for: .milliseconds(self.isMaker ? 500 : 100))
            }
        }
        try await self.connect(to: pod)
    }

    var proxyPod: ProxyPod {
        ProxyPod(
            client: self.client, namespace: self.namespace, deployment: self.objects.names.deployment,
            session: self.objects.tunnel)
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
        self.inBackground { self.tell(.commandEnded(await command.exitCode())) }
    }

    private func connect(to pod: String) async throws {
        let targets = self.objects.plan.listeners.compactMap { listener in
            listener.localPort.map {
                (listener.route(of: self.serviceName), LocalTarget(host: self.request.address.host, port: $0))
            }
        }
        let identity = LaptopIdentity(
            session: self.objects.holder.session.description, key: self.prepared.key,
            software: ProxyConfiguration.softwareVersion)
        var openSocket: LocalSocket?
        if let command { openSocket = { target in try await command.socket(to: target) } }
        let tunnel = try await PortForwardedTunnel.open(
            pod: pod, port: self.objects.plan.tunnelPort, pin: self.cluster.pin
        ) { [openSocket, observation = self.log?.observation] host, port throws(TunnelError) in
            try await LaptopEnd.connect(
                host: host, port: port, identity: identity, targets: Dictionary(targets) { first, _ in first },
                openSocket: openSocket, observation: observation, timeout: .seconds(10), group: self.group,
                logger: Logger(label: "tunnel") { _ in SwiftLogNoOpLogHandler() })
        }
        self.tunnelNumber += 1
        let number = self.tunnelNumber
        self.tunnel = tunnel
        self.tell(.tunnelUp(number, pod: pod))
        self.inBackground { await self.takeSilenceBack() }
        self.inBackground { for await event in tunnel.end.events { self.hear(.tunnel(number, event)) } }
        tunnel.end.local(self.routes(to: self.silentPorts), listens: false)
    }

    func dropTunnel() {
        guard let tunnel else { return }
        self.tunnel = nil
        let before = self.closing
        self.closing = Task {
            await before?.value
            await tunnel.close()
        }
    }
}
