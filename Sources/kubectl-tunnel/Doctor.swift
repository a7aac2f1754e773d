import Kubernetes
import KubernetesViaKubectl
import PluginConsole
import PluginSession
import Session

/// Looks at everything that an intercept needs, and touches nothing.
struct Doctor: Sendable {
    let cluster: Cluster
    let service: String?
    let holder: Holder
    let image: String

    private var client: KubernetesClient { self.cluster.client }
    private var namespace: String { self.cluster.pin.namespace }
    private var rights: Rights { Rights(client: self.client, namespace: self.namespace) }

    /// The oldest server that intercepts were run on.
    private static let oldestMinor = 20

    /// All findings, in the order in which an intercept would meet them.
    func findings(_ progress: (String) -> Void) async -> [Finding] {
        progress("kubectl and server")
        var findings = [await self.kubectl()]
        let version: ServerVersion
        do {
            version = try await self.client.version()
            findings.append(Self.server(version))
        } catch {
            let failure = PluginFailure(error, action: "reach the cluster")
            return findings + [.error("server", failure.summary, failure.hint)]
        }
        progress("rights")
        findings += await self.tried("rights") { try await self.rightsFindings() }
        var found: Service?
        if let name = self.service {
            do {
                found = try await self.client.require(name, in: self.namespace)
                findings += self.serviceFindings(name, found)
            } catch {
                let failure = error as? PluginFailure ?? PluginFailure("\(error)")
                findings.append(.error("service", failure.summary, failure.hint))
            }
        }
        let isDefault = self.image == ProxyConfiguration.defaultImage
        findings.append(
            .ok("image", "\(self.image)\(isDefault ? ", this version's own" : ""); pulling it was not tried"))
        progress("dry run of the proxy's pod")
        let objects = await self.objects(found, version)
        if let objects { findings += await self.tried("proxy's pod") { try await self.dryRun(objects) } }
        progress("policies and pods")
        let pods = found.map(\.ownPods).flatMap { $0.isEmpty ? nil : $0 }
        findings += await self.tried("pods") { try await self.podFindings(pods, objects) }
        findings += await self.tried("earlier sessions") { try await self.leftovers() }
        return findings
    }

    /// A look that the API server refuses is a finding, too.
    private func tried(_ check: String, _ body: () async throws -> [Finding]) async -> [Finding] {
        do {
            return try await body()
        } catch {
            let text = (error as? APIError)?.message ?? (error as? Refusal)?.summary ?? "\(error)"
            return [.warning(check, "was not looked at: \(text)", nil)]
        }
    }

    private func kubectl() async -> Finding {
        do throws(KubectlError) {
            let version = try await self.cluster.pin.version()
            if let refusal = KubectlVersion(version).refusal { return .error("kubectl", refusal.summary, refusal.hint) }
            let context = self.cluster.pin.context.map { "context \($0), " } ?? ""
            return .ok("kubectl", "\(version), \(context)namespace \(self.namespace)")
        } catch {
            let failure = PluginFailure(error)
            return .error("kubectl", failure.summary, failure.hint)
        }
    }

    private static func server(_ version: ServerVersion) -> Finding {
        version.isAtLeast(minor: Self.oldestMinor)
            ? .ok("server", version.gitVersion)
            : .error("server", "\(version.gitVersion) is too old", "it takes Kubernetes 1.\(Self.oldestMinor) or newer")
    }

    private func rightsFindings() async throws -> [Finding] {
        let file = "ask an admin for the Role in deploy/rbac.yaml"
        let missing = try await self.rights.missing(of: Rights.intercept)
        let isControlled = missing.isEmpty ? false : try await self.rights.hasController()
        let needed = isControlled ? Rights.controlledIntercept : Rights.intercept
        let lacking = isControlled ? try await self.rights.missing(of: needed) : missing
        var findings: [Finding] = lacking.map {
            .error("rights", "you may not \($0) in namespace \(self.namespace)", file)
        }
        let way = isControlled ? "an intercept by the controller takes" : "an intercept takes"
        if lacking.isEmpty { findings.append(.ok("rights", "all \(needed.count) that \(way)")) }
        if self.service == nil, let scope = try await self.rights.installedServices() {
            return findings + [.ok("failsafe", "the proxy restores, as \(Installation.name), for \(scope)")]
        }
        switch try await self.rights.failsafe(of: self.service ?? Self.example.metadata.name) {
        case .ownRole where isControlled, .pluginOnly where isControlled:
            findings.append(
                .error(
                    "failsafe", "service/\(self.service ?? "…") is not among those that may be intercepted here",
                    "ask an admin to add it: `kubectl tunnel install -n \(self.namespace) --controller --services …`"))
        case .ownRole: findings.append(.ok("failsafe", "the proxy restores, with an account of its session"))
        case .installedAccount:
            findings.append(.ok("failsafe", "the proxy restores, as \(Installation.name)"))
        case .pluginOnly:
            findings.append(
                .error(
                    "failsafe", "nobody in the cluster could restore a Service if this machine disappeared",
                    "ask an admin for `kubectl tunnel install -n \(self.namespace) \(self.service.map { "--services \($0)" } ?? "--all-services")`, or use --no-failsafe"
                ))
        }
        return findings
    }

    private func serviceFindings(_ name: String, _ service: Service?) -> [Finding] {
        let check = "service"
        guard let service else { return [] }
        let found = Preflight.check(service)
        var findings: [Finding] = found.refusals.map {
            $0.yieldsToForce ? .warning(check, $0.summary, $0.hint) : .error(check, $0.summary, $0.hint)
        }
        findings += found.doubts.map { .warning(check, $0, "--yes goes on without asking") }
        findings += found.notes.map { .ok(check, $0) }
        if findings.isEmpty {
            let ports = (service.spec.ports ?? []).map(\.label).joined(separator: ", ")
            findings.append(.ok(check, "service/\(name) can be intercepted; its ports are \(ports)"))
        }
        return findings
    }

    /// The objects of an intercept of all TCP ports, as they would be made.
    private func objects(_ service: Service?, _ version: ServerVersion) async -> SessionObjects? {
        let service = service ?? Self.example
        let requests = (service.spec.ports ?? []).filter(\.isTCP).compactMap { PortRequest("8080:\($0.port)") }
        guard let plan = try? PortPlan(service, requests, allowLowPorts: true),
            let failsafe = try? await self.rights.failsafe(of: service.metadata.name)
        else { return nil }
        return SessionObjects(
            service: service, namespace: self.namespace, holder: self.holder, image: self.image,
            imagePullSecret: nil, leaseDurationSeconds: LeaseClock.usualSeconds, plan: plan, failsafe: failsafe,
            usesBetaSlices: !version.isAtLeast(minor: 21), grantsEvents: false)
    }

    private static let example = Service(
        metadata: ObjectMeta(name: "example"),
        spec: Service.Spec(
            selector: ["app": "example"],
            ports: [Service.Port(name: nil, protocol: "TCP", port: 80, targetPort: .int(8080))], clusterIP: nil))

    private func dryRun(_ objects: SessionObjects) async throws -> [Finding] {
        guard try await self.rights.mayCreatePods() else {
            return [.ok("proxy's pod", "not tried: it takes the right to create pods")]
        }
        do {
            try await self.client.create(.pods, objects.podForDryRun(), in: self.namespace, isDryRun: true)
            return [.ok("proxy's pod", "the cluster accepts it")]
        } catch {
            return [
                .error(
                    "proxy's pod", error.message,
                    "ask an admin whether quota or pod security in namespace \(self.namespace) can allow it")
            ]
        }
    }

    /// - Parameter labels: What the Service's own pods are listed by; `nil` where there is no such Service.
    private func podFindings(_ labels: String?, _ objects: SessionObjects?) async throws -> [Finding] {
        let pods = try await self.client.list(.pods, in: self.namespace, labels: labels).items
        var findings: [Finding] = []
        if labels != nil, !pods.contains(where: \.isReady) {
            findings.append(.warning("pods", "none is ready: without the laptop nobody would answer", nil))
        }
        if let objects, labels != nil, let refusal = ServiceMesh.refusal(of: objects.service, pods: pods) {
            findings.append(.error("mesh", refusal.summary, refusal.hint))
        }
        guard let objects, labels != nil else { return findings }
        let policies = try await self.client.list(.networkPolicies, in: self.namespace).items
        let originals = pods.map { $0.metadata.labels ?? [:] }
        if let name = CallerCheck.obstacle(in: policies, originals: originals, proxy: objects.podLabels) {
            findings.append(
                .error("policies", "networkpolicy/\(name) keeps callers out of the proxy", "use --network-policy"))
        }
        if let name = WayCheck.obstacle(in: policies, originals: originals, proxy: objects.podLabels) {
            findings.append(
                .warning(
                    "policies", "networkpolicy/\(name) may keep the proxy from the original pods",
                    "let pods with the label \(Key.component)=proxy through"))
        }
        if findings.isEmpty {
            findings.append(.ok("pods", "\(pods.filter(\.isReady).count) ready, and no policy or mesh in the way"))
        }
        return findings
    }

    private func leftovers() async throws -> [Finding] {
        let sessions = try await Leftover.find(self.client, in: self.namespace, service: self.service)
        let dead = sessions.filter { $0.isDead || !$0.hasReadyProxy }
        let malformed = try await self.client.list(.leases, in: self.namespace, labels: Key.service).items
            .filter { $0.malformedHolder != nil }.map { lease -> Finding in
                let service = lease.metadata.labels?[Key.service] ?? ""
                return .warning(
                    "earlier sessions", "lease/\(lease.metadata.name) is malformed: it names no session",
                    "mend it with `kubectl tunnel restore \(service)`")
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
                    "mend it with `kubectl tunnel restore \(session.service)`")
            }
    }
}
