import Kubernetes
import KubernetesViaKubectl
import PluginConsole
import PluginSession
import Session

/// Everything that is found out before the cluster is touched.
struct InterceptPreparation: Sendable {
    let cluster: Cluster
    let request: InterceptRequest
    let report: SessionReport
    /// The session to be.
    let me: Holder

    var client: KubernetesClient { self.cluster.client }
    var namespace: String { self.cluster.pin.namespace }

    /// Looks, refuses, and plans.
    ///
    /// - Parameter touchesCluster: Whether what a dead session left behind may be mended; otherwise it is only looked at.
    func run(touchesCluster: Bool) async throws -> PreparedIntercept {
        async let kubectl = self.cluster.pin.version()
        let version: ServerVersion
        do {
            version = try await self.client.version()
        } catch {
            throw PluginFailure(error, action: "reach the cluster")
        }
        if let refusal = KubectlVersion(try await kubectl).refusal { throw refusal }
        let slices = ResourceType<EndpointSlice>.endpointSlices(on: version)
        let found = try await self.service()
        let (plan, findings) = try self.plan(found, on: version)
        let rights = Rights(client: self.client, namespace: self.namespace)
        let isControlled = try await rights.needController()
        if isControlled { try self.announceController() }
        let failsafe = try await rights.failsafe(of: found.metadata.name)
        if isControlled, failsafe != .installedAccount {
            throw PluginFailure(
                "service/\(self.request.service) is not among those that may be intercepted in namespace \(self.namespace)",
                hint:
                    "ask an admin to add it: `kubectl tunnel install -n \(self.namespace) --controller --services …`")
        }
        if failsafe == .pluginOnly, !self.request.mayLackFailsafe {
            throw PluginFailure(
                "nobody in the cluster could restore service/\(self.request.service) if this machine disappeared",
                hint:
                    "ask an admin for `kubectl tunnel install -n \(self.namespace) --services \(found.metadata.name)`, or use --no-failsafe"
            )
        }
        let grantsEvents = failsafe == .ownRole ? try await rights.mayWriteEvents() : false
        let held = HeldService(
            client: self.client, namespace: self.namespace, names: SessionNames(service: found.metadata.name),
            slices: slices)
        try await self.refuse(held, alsoDead: !touchesCluster)
        for note in findings.notes + plan.notes { self.report.event("note", "note: \(note)") }
        if touchesCluster { try self.settle(findings.doubts) }
        var objects = SessionObjects(
            service: found, namespace: self.namespace, holder: self.me, image: self.request.image,
            imagePullSecret: self.request.imagePullSecret, leaseDurationSeconds: self.request.leaseDurationSeconds,
            plan: plan, failsafe: failsafe, usesBetaSlices: !version.isAtLeast(minor: 21), grantsEvents: grantsEvents)
        if !self.request.isForced { try await self.checkPods(of: objects) }

        // All that can say no has spoken: from here on somebody's session may be ended.
        if touchesCluster {
            objects.service = try await self.settleEarlierSession(of: found, held)
            (objects.plan, _) = try self.plan(objects.service, on: version)
        }
        return PreparedIntercept(
            objects: objects, slices: slices,
            // kube-proxy serves terminating endpoints when there are no others since 1.26 (KEP-1669).
            publishesNotReady: !version.isAtLeast(minor: 26), isControlled: isControlled)
    }

    private func announceController() throws {
        guard !self.request.wantsNetworkPolicy else {
            throw PluginFailure(
                "the controller in namespace \(self.namespace) makes no NetworkPolicy",
                hint: "ask an admin to let the proxy's pods through, and go on without --network-policy")
        }
        self.report.event(
            "note", "note: the controller in namespace \(self.namespace) does for you what you may not")
    }

    private func plan(_ service: Service, on version: ServerVersion) throws -> (PortPlan, Preflight.Findings) {
        let findings = Preflight.check(service)
        if let refusal = findings.refusal(force: self.request.isForced) { throw refusal }
        let plan = try PortPlan(
            service, self.request.ports, allowLowPorts: version.isAtLeast(minor: 22) || self.request.isForced)
        return (plan, findings)
    }

    /// Asks on a terminal, unless `--yes` was given; elsewhere a doubt is a note.
    private func settle(_ doubts: [String]) throws {
        for doubt in doubts {
            guard !self.request.asksNothing, self.report.console.canAsk else {
                self.report.event("note", "note: \(doubt)")
                continue
            }
            guard self.report.console.ask("\(doubt). Go on?") else {
                throw PluginFailure("not started", hint: "--yes goes on without asking")
            }
        }
    }

    /// Looks at what the Service's own pods have and the proxy's will not.
    private func checkPods(of objects: SessionObjects) async throws {
        let pods = try await self.client.list(.pods, in: self.namespace, labels: objects.service.ownPods).items
        if let refusal = ServiceMesh.refusal(of: objects.service, pods: pods) { throw refusal }
        if !self.request.wantsNetworkPolicy { try await self.checkCallers(of: objects, pods) }
    }

    private func checkCallers(of objects: SessionObjects, _ pods: [Pod]) async throws {
        let policies: [NetworkPolicy]
        do throws(APIError) {
            policies = try await self.client.list(.networkPolicies, in: self.namespace).items
        } catch {
            return self.report.detail("network policies were not looked at: \(error.message)")
        }
        let originals = pods.map { $0.metadata.labels ?? [:] }
        let obstacle = CallerCheck.obstacle(in: policies, originals: originals, proxy: objects.podLabels)
        guard let obstacle else { return }
        throw PluginFailure(
            "networkpolicy/\(obstacle) would keep callers of service/\(self.request.service) out of the proxy",
            hint: "use --network-policy to let them in for the session, or --force to go on without")
    }

    func service() async throws -> Service {
        try await self.client.require(self.request.service, in: self.namespace)
    }
}
