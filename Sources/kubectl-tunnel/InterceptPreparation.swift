import FoundationEssentials
import Kubernetes
import KubernetesViaKubectl
import PluginConsole
import PluginSession
import Session
import SessionEffects

/// Everything that is found out before the cluster is touched.
struct InterceptPreparation: Sendable {
    let cluster: Cluster
    let request: InterceptRequest
    let report: SessionReport
    let person: (user: String, host: String)

    private var client: KubernetesClient { self.cluster.client }
    private var namespace: String { self.cluster.pin.namespace }

    /// Looks, refuses, and plans.
    ///
    /// - Parameter touchesCluster: Whether what a dead session left behind may be mended; otherwise it is only looked at.
    func run(touchesCluster: Bool) async throws -> PreparedIntercept {
        let version: ServerVersion
        do {
            version = try await self.client.version()
        } catch {
            throw PluginFailure(error, action: "reach the cluster")
        }
        let slices = ResourceType<EndpointSlice>.endpointSlices(on: version)
        var service = try await self.service()
        try await self.settleHeldLease(
            SessionNames(service: service.metadata.name), slices: slices, touchesCluster: touchesCluster)

        if service.metadata.annotation(Key.session) != nil, touchesCluster {
            // A session that ended without being undone: its Service first goes back.
            let undo = SessionUndo(
                client: self.client, namespace: self.namespace, service: self.request.service, session: nil,
                slices: slices)
            let outcome = try await undo.restoreService()
            try await undo.deleteObjects()
            if case .disagreement(let annotation, let origin) = outcome {
                throw PluginFailure(
                    "service/\(self.request.service) is switched, and its original selector is uncertain: \(annotation) or \(origin)",
                    hint: "set the right one with kubectl, and remove the annotation \(Key.session)")
            }
            self.report.event("mended", "restored what a dead session had left of service/\(self.request.service)")
            service = try await self.service()
        }

        let findings = Preflight.check(service)
        if let refusal = findings.refusal(force: self.request.isForced) { throw refusal }
        let plan = try PortPlan(
            service, self.request.ports, allowLowPorts: version.isAtLeast(minor: 22) || self.request.isForced)
        let rights = Rights(client: self.client, namespace: self.namespace)
        try await rights.check(Rights.intercept)
        let failsafe = try await rights.failsafe()
        if failsafe == .pluginOnly, !self.request.mayLackFailsafe {
            throw PluginFailure(
                "nobody in the cluster could restore service/\(self.request.service) if this machine disappeared",
                hint: "ask an admin to apply deploy/rbac.yaml in namespace \(self.namespace), or use --no-failsafe")
        }
        for note in findings.notes + plan.notes { self.report.event("note", "note: \(note)") }

        if touchesCluster { try self.settle(findings.doubts) }

        let holder = Holder(user: self.person.user, host: self.person.host, session: .random())
        let objects = SessionObjects(
            service: service, namespace: self.namespace, holder: holder, image: self.request.image,
            imagePullSecret: self.request.imagePullSecret, leaseDurationSeconds: self.request.leaseDurationSeconds,
            plan: plan, failsafe: failsafe, usesBetaSlices: !version.isAtLeast(minor: 21))
        if !self.request.wantsNetworkPolicy, !self.request.isForced { try await self.checkCallers(of: objects) }
        return PreparedIntercept(
            objects: objects, slices: slices,
            // kube-proxy serves terminating endpoints when there are no others since 1.26 (KEP-1669).
            publishesNotReady: !version.isAtLeast(minor: 26))
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

    private func checkCallers(of objects: SessionObjects) async throws {
        let policies: [NetworkPolicy]
        do throws(APIError) {
            policies = try await self.client.list(.networkPolicies, in: self.namespace).items
        } catch {
            return self.report.detail("network policies were not looked at: \(error.message)")
        }
        guard !policies.isEmpty else { return }
        let selector = objects.service.selector.map { "\($0.key)=\($0.value)" }.sorted().joined(separator: ",")
        let originals = try await self.client.list(.pods, in: self.namespace, labels: selector).items
            .map { $0.metadata.labels ?? [:] }
        let obstacle = CallerCheck.obstacle(in: policies, originals: originals, proxy: objects.podLabels)
        guard let obstacle else { return }
        throw PluginFailure(
            "networkpolicy/\(obstacle) would keep callers of service/\(self.request.service) out of the proxy",
            hint: "use --network-policy to let them in for the session, or --force to go on without")
    }

    private func service() async throws -> Service {
        do {
            return try await self.client.get(.services, self.request.service, in: self.namespace)
        } catch let error where error.code == .notFound {
            let names = (try? await self.client.list(.services, in: self.namespace))?.items.map(\.metadata.name) ?? []
            let near = Preflight.nearest(to: self.request.service, among: names)
            let hint =
                near.isEmpty
                ? "see `kubectl get services -n \(self.namespace)`, or use another namespace with -n"
                : "did you mean \(near.joined(separator: " or "))?"
            throw PluginFailure(
                "there is no service/\(self.request.service) in namespace \(self.namespace)", hint: hint)
        } catch {
            throw PluginFailure(error, action: "read service/\(self.request.service) in namespace \(self.namespace)")
        }
    }

    /// Somebody has the Service: refused at once when a proxy answers for them, and otherwise after their Lease was seen
    /// not to change for its whole duration, in which case what they left is cleaned up.
    private func settleHeldLease(
        _ names: SessionNames, slices: ResourceType<EndpointSlice>, touchesCluster: Bool
    ) async throws {
        guard let lease = try await self.lease(names) else { return }
        guard touchesCluster, let holder = Holder(lease.spec.holderIdentity),
            try await !self.hasReadyProxy(holder.session),
            try await self.isAbandoned(lease, names: names, holder: holder)
        else { throw PluginFailure(held: lease, service: names.service) }
        let undo = SessionUndo(
            client: self.client, namespace: self.namespace, service: names.service, session: holder.session,
            slices: slices)
        try await undo.restoreService()
        try await undo.deleteObjects()
        try await undo.deleteAccount()
        try await undo.deleteLease()
        self.report.event("mended", "cleaned up what the dead session of \(holder.person) had left")
    }

    private func lease(_ names: SessionNames) async throws -> Lease? {
        do {
            return try await self.client.find(.leases, names.lease, in: self.namespace)
        } catch {
            throw PluginFailure(error, action: "read lease/\(names.lease)")
        }
    }

    private func hasReadyProxy(_ session: SessionID) async throws -> Bool {
        try await self.client.list(.pods, in: self.namespace, labels: "\(Key.session)=\(session)").items
            .contains(where: \.isReady)
    }

    private func isAbandoned(_ first: Lease, names: SessionNames, holder: Holder) async throws -> Bool {
        let seconds = first.spec.leaseDurationSeconds ?? 30
        self.report.event(
            "watching",
            "\(holder.person) has a lease on service/\(names.service), but no proxy: watching it for \(seconds) s")
        let clock = ContinuousClock()
        let start = clock.now
        var lease = first
        var watch = LeaseClock(durationSeconds: seconds)
        while watch.observe(lease, now: clock.now - start) == .held {
            try await Task.sleep(for: watch.interval)
            guard let present = try await self.lease(names) else { return true }
            guard present.metadata.uid == first.metadata.uid, present.spec.renewTime == first.spec.renewTime else {
                return false
            }
            lease = present
        }
        return true
    }
}

extension PluginFailure {
    /// Somebody has the Service: who, and what to do.
    init(held lease: Lease, service: String) {
        let record = LeaseRecord(lease)
        let person = record?.holder.person ?? lease.spec.holderIdentity ?? "somebody"
        let since = (record?.since).flatMap(MicroTime.date(from:)).map {
            ", since \(Age.text(seconds: Int(Date.now.timeIntervalSince($0))))"
        }
        self.init(
            "service/\(service) is intercepted by \(person)\(since ?? "")",
            hint: "ask them to end it, or end it with `kubectl tunnel stop \(service) --force`")
    }
}
