import Kubernetes
import KubernetesViaKubectl
import PluginConsole
import PluginSession
import Session
import Tunnel

/// Everything that is found out before the cluster is touched.
struct InterceptPreparation: Sendable {
    let client: KubernetesClient
    let namespace: String
    let kubectl: @Sendable () async throws(KubectlError) -> (version: String, context: String?)
    let request: InterceptRequest
    let report: SessionReport
    /// The session to be.
    let me: Holder
    let locks: SessionLocks

    /// Looks, refuses, and plans.
    ///
    /// - Parameter touchesCluster: Whether what a dead session left behind may be recovered; otherwise it is only looked at.
    func run(touchesCluster: Bool) async throws -> PreparedIntercept {
        var findings: [Finding] = []
        let preflight = InterceptPreflight(
            client: self.client, namespace: self.namespace, holder: self.me, image: self.request.image,
            imagePullSecret: self.request.imagePullSecret, leaseDurationSeconds: self.request.leaseDurationSeconds,
            service: self.request.service, ports: self.request.ports,
            wantsNetworkPolicy: self.request.wantsNetworkPolicy, kubectl: self.kubectl)
        let looked = try await preflight.run { finding in
            if finding.level == .error, !self.request.overrides(finding) { throw PluginFailure(finding) }
            findings.append(finding)
        }
        guard let known = looked, let found = known.service, var objects = known.objects else {
            throw PluginFailure("service/\(self.request.service) cannot be intercepted")
        }
        objects.rule = self.request.rule
        objects.tellsCaller = self.request.tellsCaller
        objects.isMirror = self.request.isMirror
        let slices = ResourceType<EndpointSlice>.endpointSlices(on: known.version)
        let held = HeldService(
            client: self.client, namespace: self.namespace, names: SessionNames(service: found.metadata.name),
            slices: slices)
        let wish = objects.wish
        try await self.refuse(held, wish, alsoDead: !touchesCluster)
        if known.isControlled {
            self.report.event(
                "note", "note: the controller in namespace \(self.namespace) does for you what you may not")
        }
        if self.request.rule != nil { self.tellUnread(found, wish.ports) }
        try self.tell(findings, asks: touchesCluster)

        // All that can say no has spoken: from here on another user's session may be ended.
        if touchesCluster {
            objects.service = try await self.settleEarlierSessions(of: found, held, wish)
            // It may have been written meanwhile.
            objects.plan = try PortPlan(objects.service, self.request.ports, allowLowPorts: true)
        } else {
            objects = try await self.expected(objects, held)
        }
        let key = TunnelKey()
        objects.publicKey = key.publicKey.hex
        return PreparedIntercept(
            objects: objects, key: key, slices: slices,
            // kube-proxy serves terminating endpoints when there are no others since 1.26 (KEP-1669).
            publishesNotReady: !known.version.servesTerminatingEndpoints, isControlled: known.isControlled)
    }

    /// A rule on a port whose requests cannot be read gets nothing.
    private func tellUnread(_ service: Service, _ ports: Set<Int>) {
        for port in service.spec.ports ?? [] where ports.contains(port.port) {
            guard let name = port.unreadProtocol else { continue }
            self.report.event(
                "note",
                "note: port \(port.label) is said to speak \(name): requests are read of HTTP/1 without TLS, and others \(SessionWords(isMirror: self.request.isMirror).unread)"
            )
        }
    }

    /// What a dry run shows: who joins a tunnel creates a Lease and nothing else.
    private func expected(_ objects: SessionObjects, _ held: HeldService) async throws -> SessionObjects {
        let origin = try await held.origin()
        let look = TunnelEntry.Look(leases: try await held.leases(), origin: origin)
        let entry = TunnelEntry(objects, takesOver: self.request.takesOver)
        guard case .createLease(let slot, let tunnel) = entry.step(look), tunnel != objects.tunnel else {
            return objects
        }
        var objects = objects.joined(tunnel, service: objects.service.found(by: tunnel, origin: origin))
        objects.slot = slot
        return objects
    }

    /// Notes are told; on a terminal the user is asked about doubts, unless `--yes` was given.
    private func tell(_ findings: [Finding], asks: Bool) throws {
        for finding in findings where finding.level == .note || finding.level == .warning {
            guard finding.yieldsTo == .yes else {
                self.report.event("note", "note: \(finding.text)")
                continue
            }
            guard asks else { continue }
            guard !self.request.asksNothing, self.report.console.canAsk else {
                self.report.event("note", "note: \(finding.text)")
                continue
            }
            guard self.report.console.ask("\(finding.text). Go on?") else {
                throw PluginFailure("not started", hint: "--yes goes on without asking")
            }
        }
    }

    func service() async throws -> Service {
        try await self.client.require(self.request.service, in: self.namespace)
    }
}
