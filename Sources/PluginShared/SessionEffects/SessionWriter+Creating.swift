import Kubernetes
import Session

extension SessionWriter {
    /// Creates what the proxy needs to be there before it.
    func createHelpers() async throws {
        async let account: Void = self.createAccount()
        async let warmUp = self.create(.services, "service", self.names.warmUp, self.objects.warmUp())
        _ = try await self.create(.services, "service", self.names.origin, self.objects.origin())
        _ = try await (account, warmUp)
    }

    /// Creates the proxy.
    func createProxy() async throws {
        let origin = try await self.trying("read service/\(self.names.origin)") { () async throws(APIError) in
            try await self.client.get(.services, self.names.origin, in: self.namespace)
        }
        if self.wantsNetworkPolicy {
            // Who may not see them gets a policy that names ports only.
            let servers = try? await self.client.list(
                .endpointSlices(beta: self.objects.usesBetaSlices), in: "default",
                labels: "kubernetes.io/service-name=kubernetes")
            _ = try await self.create(
                .networkPolicies, "networkpolicy", self.names.networkPolicy,
                self.objects.networkPolicy(servers: servers?.items ?? []))
        }
        let deployment = self.objects.deployment(originHost: origin.spec.clusterIP ?? "")
        _ = try await self.create(.deployments, "deployment", self.names.deployment, deployment)
    }

    /// Creates the origin Service again.
    func bringOriginBack() async throws {
        let name = self.names.deployment
        let deployment = try await self.trying("read deployment/\(name)") { () async throws(APIError) in
            try await self.client.get(ResourceType.deployments.metadataOnly, name, in: self.namespace)
        }
        guard let address = deployment.metadata.annotation(Key.originAddress) else {
            throw WriteFailure.refused(Refusal("nobody knows the address of service/\(self.names.origin)"))
        }
        try await self.trying("create service/\(self.names.origin)") { () async throws(APIError) in
            try await self.client.create(.services, self.objects.origin(address: address), in: self.namespace)
        }
    }

    private func createAccount() async throws {
        guard self.objects.failsafe == .ownRole else { return }
        let account = try await self.create(
            .serviceAccounts, "serviceaccount", self.names.account, self.objects.account())
        let uid = account.metadata.uid ?? ""
        _ = try await self.create(.roles, "role", self.names.account, self.objects.role(accountUID: uid))
        let binding = self.objects.roleBinding(accountUID: uid)
        _ = try await self.create(.roleBindings, "rolebinding", self.names.account) { () async throws(APIError) in
            try await self.client.createRoleBinding(binding, in: self.namespace)
        }
    }

    /// How long the leftovers of a dead session may take to vanish.
    private static let leftoverTimeout = Duration.seconds(20)

    private func create<Object>(
        _ type: ResourceType<Object>, _ kind: String, _ name: String, _ object: JSONValue
    ) async throws -> Object {
        try await self.create(type, kind, name) { () async throws(APIError) in
            try await self.client.create(type, object, in: self.namespace)
        }
    }

    private func create<Object>(
        _ type: ResourceType<Object>, _ kind: String, _ name: String,
        by request: () async throws(APIError) -> Object
    ) async throws -> Object {
        let clock = ContinuousClock()
        let deadline = clock.now + Self.leftoverTimeout
        while true {
            do throws(APIError) {
                return try await request()
            } catch {
                guard error.code == .alreadyExists, clock.now < deadline else {
                    throw WriteFailure.api(error, action: "create \(kind)/\(name)")
                }
            }
            if let mine = try await self.removeLeftover(type, kind, name) { return mine }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    /// Deletes what a tunnel that is over has left under a name of ours.
    ///
    /// - Returns: The object, where it is this tunnel's: an earlier attempt did not live to say so.
    ///
    /// In this order, because this process may have been stopped at any point: while the Lease of the first slot is still ours *after*
    /// the object was read, that object, by its uid, cannot be a later tunnel's.
    private func removeLeftover<Object>(
        _ type: ResourceType<Object>, _ kind: String, _ name: String
    ) async throws -> Object? {
        let action = "delete the leftover \(kind)/\(name)"
        let found = try await self.trying(action) { () async throws(APIError) in
            try await self.client.find(type.metadataOnly, name, in: self.namespace)
        }
        // The garbage collector was quicker.
        guard let metadata = found?.metadata else { return nil }
        if metadata.annotation(Key.session) == self.objects.tunnel.description,
            metadata.deletionTimestamp == nil
        {
            return try await self.trying("read \(kind)/\(name)") { () async throws(APIError) in
                try await self.client.find(type, name, in: self.namespace)
            }
        }
        guard metadata.annotation(Key.session) != nil else {
            throw WriteFailure.refused(
                Refusal("there is a \(kind)/\(name) that is none of a session's", hint: "delete it, or rename it"))
        }
        try await self.requireLease()
        try await self.trying(action) { () async throws(APIError) in
            try await self.client.delete(type, name, in: self.namespace, uid: metadata.uid)
        }
        return nil
    }
}
