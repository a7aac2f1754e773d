import Kubernetes
import KubernetesViaKubectl
import PluginConsole
import PluginSession
import Session

/// What an intercept takes, looked at without touching anything: `doctor` tells all of it, `intercept` begins when no error
/// is among it. One place, so that the two cannot differ.
struct InterceptPreflight: Sendable {
    let client: KubernetesClient
    let namespace: String
    /// The session to be.
    let holder: Holder
    /// The proxy's image.
    let image: String
    var imagePullSecret: String?
    var leaseDurationSeconds = LeaseClock.usualSeconds
    /// The Service; `nil` to look at the namespace alone.
    let service: String?
    /// What is to come to the laptop; empty for all TCP ports.
    var ports: [PortRequest] = []
    var wantsNetworkPolicy = false
    /// What `kubectl version` says, and its context.
    let kubectl: @Sendable () async throws(KubectlError) -> (version: String, context: String?)

    /// What was learned on the way.
    struct Knowledge: Sendable {
        var version: ServerVersion
        /// The Service; `nil` when it could not be read.
        var service: Service?
        var isControlled = false
        /// The session's objects, or those of an example where there is no Service; `nil` when it cannot have any.
        var objects: SessionObjects?
    }

    /// The oldest server that intercepts were run on.
    private static let oldestMinor = 20

    var rights: Rights { Rights(client: self.client, namespace: self.namespace) }

    /// Looks at one thing after the other, as long as it makes sense.
    ///
    /// - Parameters:
    ///   - progress: Told what is looked at.
    ///   - tell: Told what was found; what it throws ends the look.
    /// - Returns: `nil` when the server was not reached.
    func run(
        progress: (String) -> Void = { _ in }, _ tell: (Finding) throws -> Void
    ) async throws -> Knowledge? {
        progress("kubectl and server")
        async let kubectl = self.kubectlFinding()
        let (server, version) = await self.server()
        try tell(await kubectl)
        try tell(server)
        guard let version else { return nil }
        var known = Knowledge(version: version)
        var plan: PortPlan?
        if let name = self.service {
            progress("service/\(name)")
            let looked = await self.look(at: name, on: version)
            for finding in looked.findings { try tell(finding) }
            (known.service, plan) = (looked.service, looked.plan)
        }
        progress("rights")
        for finding in await self.needed("rights", { try await self.look(atRights: &known.isControlled) }) {
            try tell(finding)
        }
        var failsafe = SessionObjects.Failsafe.pluginOnly
        let controlled = known.isControlled
        for finding in await self.needed("failsafe", { try await self.look(atFailsafe: &failsafe, controlled) }) {
            try tell(finding)
        }
        let isDefault = ProxyConfiguration.isDefault(image: self.image)
        try tell(.ok("image", "\(self.image)\(isDefault ? ", this version's own" : ""); pulling it was not tried"))
        known.objects = await self.objects(of: known, plan, failsafe)
        guard known.service != nil, let objects = known.objects else { return known }
        progress("pods and policies")
        for finding in await self.needed("pods", { try await self.look(atPodsOf: objects) }) { try tell(finding) }
        return known
    }

    /// What an intercept takes and could not be seen stands in its way.
    private func needed(_ check: String, _ look: () async throws -> [Finding]) async -> [Finding] {
        do {
            return try await look()
        } catch {
            return [.error(check, PluginFailure(told: error, action: "look at \(check)"))]
        }
    }

    private func kubectlFinding() async -> Finding {
        do throws(KubectlError) {
            let found = try await self.kubectl()
            if let refusal = KubectlVersion(found.version).refusal { return .error("kubectl", refusal) }
            let context = found.context.map { "context \($0), " } ?? ""
            return .ok("kubectl", "\(found.version), \(context)namespace \(self.namespace)")
        } catch {
            return .error("kubectl", PluginFailure(error))
        }
    }

    private func server() async -> (Finding, ServerVersion?) {
        do throws(APIError) {
            let version = try await self.client.version()
            guard version.isAtLeast(minor: Self.oldestMinor) else {
                let hint = "it takes Kubernetes 1.\(Self.oldestMinor) or newer"
                return (.error("server", PluginFailure("\(version.gitVersion) is too old", hint: hint)), version)
            }
            return (.ok("server", version.gitVersion), version)
        } catch {
            return (.error("server", PluginFailure(error, action: "reach the cluster")), nil)
        }
    }

    private func look(at name: String, on version: ServerVersion) async -> (
        findings: [Finding], service: Service?, plan: PortPlan?
    ) {
        let check = "service"
        let service: Service
        do {
            service = try await self.client.require(name, in: self.namespace)
        } catch {
            return ([.error(check, PluginFailure(told: error, action: "read service/\(name)"))], nil, nil)
        }
        let found = Preflight.check(service)
        var findings = found.refusals.map { Finding.error(check, $0) }
        let ports = service.spec.ports ?? []
        let requests =
            self.ports.isEmpty
            ? ports.filter(\.isTCP).compactMap { PortRequest("8080:\($0.port)") } : self.ports
        var plan: PortPlan?
        do throws(Refusal) {
            plan = try PortPlan(service, requests, allowLowPorts: version.isAtLeast(minor: 22))
        } catch {
            findings.append(.error(check, error))
            if error.yieldsToForce { plan = try? PortPlan(service, requests, allowLowPorts: true) }
        }
        findings += found.doubts.map { .doubt(check, $0) }
        findings += (found.notes + (plan?.notes ?? [])).map { .note(check, $0) }
        if findings.isEmpty {
            let list = ports.map(\.label).joined(separator: ", ")
            findings.append(.ok(check, "service/\(name) can be intercepted; its ports are \(list)"))
        }
        return (findings, service, plan)
    }

    private func objects(
        of known: Knowledge, _ plan: PortPlan?, _ failsafe: SessionObjects.Failsafe
    ) async -> SessionObjects? {
        let service = known.service ?? Self.example
        let example = self.service == nil ? try? PortPlan(service, [], allowLowPorts: true) : nil
        guard let plan = plan ?? example else { return nil }
        let grantsEvents = failsafe == .ownRole ? (try? await self.rights.mayWriteEvents()) ?? false : false
        // A session gets its key when it begins.
        return SessionObjects(
            service: service, namespace: self.namespace, holder: self.holder, publicKey: "", image: self.image,
            imagePullSecret: self.imagePullSecret, leaseDurationSeconds: self.leaseDurationSeconds, plan: plan,
            failsafe: failsafe, usesBetaSlices: !known.version.isAtLeast(minor: 21), grantsEvents: grantsEvents)
    }

    /// Stands for any Service where none was named.
    static let example = Service(
        metadata: ObjectMeta(name: "example"),
        spec: Service.Spec(
            selector: ["app": "example"],
            ports: [Service.Port(name: nil, protocol: "TCP", port: 80, targetPort: .int(8080))], clusterIP: nil))
}
