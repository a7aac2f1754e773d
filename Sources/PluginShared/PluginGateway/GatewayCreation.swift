import FoundationEssentials
import Kubernetes
import PluginConsole
import PluginSession
import Session
import SessionEffects

/// Finding out what a gateway may be, and creating its objects.
struct GatewayCreation: Sendable {
    let client: KubernetesClient
    let namespace: String

    /// What a gateway takes in any case; the reasons stand in the RBAC file.
    private static let needed: [Rights.Right] = [
        .init(verb: "create", resource: "deployments", group: "apps"),
        .init(verb: "delete", resource: "deployments", group: "apps"),
        .init(verb: "get", resource: "deployments", group: "apps"),
        .init(verb: "get", resource: "replicasets", group: "apps"),
        .init(verb: "create", resource: "leases", group: "coordination.k8s.io"),
        .init(verb: "patch", resource: "leases", group: "coordination.k8s.io"),
        .init(verb: "delete", resource: "leases", group: "coordination.k8s.io"),
        .init(verb: "list", resource: "pods"),
        .init(verb: "get", resource: "pods"),
        .init(verb: "create", resource: "pods/portforward"),
        .init(verb: "get", resource: "pods/portforward"),
    ]

    /// The objects of a gateway, after a look at the user's rights; nothing is touched.
    ///
    /// - Throws: ``PluginFailure`` naming the rights that are missing.
    func plan(_ request: GatewayRequest, holder: Holder, publicKey: String) async throws -> GatewayObjects {
        let rights = Rights(client: self.client, namespace: self.namespace)
        async let mayMakeRoles = rights.mayMakeRoles()
        async let apiServers = self.apiServers()
        try await rights.check(Self.needed)
        return GatewayObjects(
            namespace: self.namespace, holder: holder, publicKey: publicKey, image: request.image,
            imagePullSecret: request.imagePullSecret, leaseDurationSeconds: request.leaseDurationSeconds,
            allowed: request.allowed, apiServers: await apiServers, mayCleanUp: try await mayMakeRoles)
    }

    /// The addresses behind the Service `kubernetes`; none when the user may not see them.
    private func apiServers() async -> [String] {
        for beta in [false, true] {
            let slices = try? await self.client.list(
                .endpointSlices(beta: beta), in: "default", labels: "kubernetes.io/service-name=kubernetes")
            if let slices { return slices.items.flatMap { $0.endpoints ?? [] }.flatMap(\.addresses) }
        }
        return []
    }

    /// Creates the Lease.
    func createLease(_ objects: GatewayObjects) async throws {
        try await self.create(.leases, "lease", objects.names.lease, objects.lease(time: MicroTime.text(for: .now)))
    }

    /// Creates everything else: owners before what they own.
    func createObjects(_ objects: GatewayObjects) async throws {
        let names = objects.names
        let account = try await self.createAccount(objects)
        try await self.create(
            .deployments, "deployment", names.deployment, objects.deployment(accountUID: account?.uid))
    }

    private func createAccount(_ objects: GatewayObjects) async throws -> ObjectMeta? {
        guard objects.mayCleanUp else { return nil }
        let name = objects.names.account
        let account = try await self.create(.serviceAccounts, "serviceaccount", name, objects.account())
        let uid = account.metadata.uid ?? ""
        try await self.create(.roles, "role", name, objects.role(accountUID: uid))
        do {
            try await self.client.createRoleBinding(objects.roleBinding(accountUID: uid), in: self.namespace)
        } catch {
            throw PluginFailure(error, action: "create rolebinding/\(name)")
        }
        return account.metadata
    }

    @discardableResult
    private func create<Object>(
        _ type: ResourceType<Object>, _ kind: String, _ name: String, _ object: some Encodable & Sendable
    ) async throws -> Object {
        do {
            return try await self.client.create(type, object, in: self.namespace)
        } catch {
            throw PluginFailure(error, action: "create \(kind)/\(name)")
        }
    }
}
