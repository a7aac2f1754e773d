import Kubernetes
import KubernetesViaKubectl
import PluginConsole
import PluginSession
import Session

/// Tells everything that an intercept needs, and touches nothing.
struct Doctor: Sendable {
    let preflight: InterceptPreflight

    private var client: KubernetesClient { self.preflight.client }
    private var namespace: String { self.preflight.namespace }

    /// All findings, in the order in which an intercept would meet them.
    func findings(_ progress: (String) -> Void) async throws -> [Finding] {
        var findings: [Finding] = []
        guard let known = try await self.preflight.run(progress: progress, { findings.append($0) }) else {
            return findings
        }
        // From here on: what an intercept finds out by doing it.
        if let objects = known.objects {
            progress("dry run of the proxy's pod")
            findings += await self.tried("proxy's pod") { try await self.dryRun(objects) }
            if known.service != nil {
                progress("policies")
                findings += await self.tried("policies") { try await self.ways(of: objects) }
            }
        }
        progress("earlier sessions")
        findings += await self.tried("earlier sessions") { try await self.leftovers() }
        return findings
    }

    /// A look that the API server refuses is a finding, too.
    private func tried(_ check: String, _ look: () async throws -> [Finding]) async -> [Finding] {
        do {
            return try await look()
        } catch {
            return [.warning(check, PluginFailure(told: error, action: "look at \(check)").summary, nil)]
        }
    }

    private func dryRun(_ objects: SessionObjects) async throws -> [Finding] {
        guard try await self.preflight.rights.mayCreatePods() else {
            return [.ok("proxy's pod", "not tried: it takes the right to create pods")]
        }
        do {
            try await self.client.create(.pods, objects.podForDryRun(), in: self.namespace, isDryRun: true)
            return [.ok("proxy's pod", "the cluster accepts it")]
        } catch {
            return [
                .error(
                    "proxy's pod",
                    PluginFailure(
                        error.message,
                        hint: "ask an admin whether quota or pod security in namespace \(self.namespace) can allow it"))
            ]
        }
    }

    /// Whether the proxy would reach the original pods. An intercept tries it.
    private func ways(of objects: SessionObjects) async throws -> [Finding] {
        let pods = try await self.client.list(.pods, in: self.namespace, labels: objects.service.ownPods).items
        let policies = try await self.client.list(.networkPolicies, in: self.namespace).items
        let originals = pods.map { $0.metadata.labels ?? [:] }
        let obstacle = OriginPolicyCheck.obstacle(in: policies, originals: originals, proxy: objects.podLabels)
        return obstacle.map { name in
            [
                .warning(
                    "policies", "networkpolicy/\(name) may keep the proxy from the original pods",
                    "let pods with the label \(Key.component)=proxy through")
            ]
        } ?? []
    }

    private func leftovers() async throws -> [Finding] {
        let sessions = try await Leftover.find(self.client, in: self.namespace, service: self.preflight.service)
        let dead = sessions.filter { $0.isDead || !$0.hasReadyProxy }
        let malformed = try await self.client.list(.leases, in: self.namespace, labels: Key.service).items
            .filter { $0.malformedHolder != nil }.map { lease -> Finding in
                let service = lease.metadata.labels?[Key.service] ?? ""
                return .warning(
                    "earlier sessions", "lease/\(lease.metadata.name) is malformed: it names no session",
                    "restore it with `kubectl tunnel restore \(service)`")
            }
        guard !dead.isEmpty || !malformed.isEmpty else {
            return [
                .ok(
                    "earlier sessions", sessions.isEmpty ? "none" : "\(sessions.count), each with a proxy that is ready"
                )
            ]
        }
        return malformed
            + dead.map { session in
                let what = session.isDead ? "a dead session left something" : "no proxy answers for \(session.holder)"
                return .warning(
                    "earlier sessions", "service/\(session.service): \(what)",
                    "restore it with `kubectl tunnel restore \(session.service)`")
            }
    }
}
