import FoundationEssentials
import Kubernetes
import PluginConsole
import Session
import Tunnel

/// Creating a session's objects, in the order of the design: the Lease first, since it is the lock.
struct SessionCreation: Sendable {
    let client: KubernetesClient
    let objects: SessionObjects
    let secret: TunnelSecret
    let wantsNetworkPolicy: Bool

    private var namespace: String { self.objects.namespace }
    private var names: SessionNames { self.objects.names }

    /// Takes the lock.
    ///
    /// - Throws: ``PluginFailure`` naming the holder when somebody was quicker.
    func createLease() async throws {
        let lease = self.objects.lease(time: MicroTime.text(for: .now))
        do {
            try await self.client.create(.leases, lease, in: self.namespace)
        } catch let error where error.code == .alreadyExists {
            if let held = try? await self.client.find(.leases, self.names.lease, in: self.namespace) {
                throw PluginFailure(held: held, service: self.names.service)
            }
            throw PluginFailure(error, action: "create lease/\(self.names.lease)")
        } catch {
            throw PluginFailure(error, action: "create lease/\(self.names.lease)")
        }
    }

    /// Creates everything else.
    ///
    /// - Returns: The origin Service's address.
    func createObjects() async throws -> String {
        async let account: Void = self.createAccount()
        async let warmUp = self.create(.services, "service", self.names.warmUp, self.objects.warmUp())
        let origin = try await self.create(.services, "service", self.names.origin, self.objects.origin())
        let secret = self.objects.secret(hex: self.secret.hex, originUID: origin.metadata.uid ?? "")
        _ = try await self.create(.secrets, "secret", self.objects.secretName, secret)
        try await account
        if self.wantsNetworkPolicy {
            _ = try await self.create(
                .networkPolicies, "networkpolicy", self.names.networkPolicy, self.objects.networkPolicy())
        }
        let deployment = self.objects.deployment(originHost: origin.spec.clusterIP ?? "")
        _ = try await warmUp
        _ = try await self.create(.deployments, "deployment", self.names.deployment, deployment)
        return origin.spec.clusterIP ?? ""
    }

    private func createAccount() async throws {
        guard self.objects.failsafe == .ownRole else { return }
        let account = try await self.create(
            .serviceAccounts, "serviceaccount", self.names.account, self.objects.account())
        let uid = account.metadata.uid ?? ""
        async let role = self.create(
            .roles, "role", self.names.account, self.objects.role(accountUID: uid))
        async let binding = self.create(
            .roleBindings, "rolebinding", self.names.account, self.objects.roleBinding(accountUID: uid))
        _ = try await (role, binding)
    }

    /// How long the leftovers of a dead session may take to vanish, in seconds.
    private static let leftoverPatience = Duration.seconds(20)

    private func create<Object>(
        _ type: ResourceType<Object>, _ kind: String, _ name: String, _ object: JSONValue
    ) async throws -> Object {
        let clock = ContinuousClock()
        let deadline = clock.now + Self.leftoverPatience
        while true {
            do {
                return try await self.client.create(type, object, in: self.namespace)
            } catch let error where error.code == .alreadyExists && clock.now < deadline {
                try await self.removeLeftover(type, kind, name)
                try await Task.sleep(for: .milliseconds(50))
            } catch {
                throw PluginFailure(error, action: "create \(kind)/\(name)")
            }
        }
    }

    /// Deletes what a session that is over has left under a name of ours.
    ///
    /// In this order, because this process may have been stopped at any point: while the Lease is still ours *after* the
    /// object was read, that object, by its uid, cannot be a later session's.
    private func removeLeftover<Object>(_ type: ResourceType<Object>, _ kind: String, _ name: String) async throws {
        do {
            let metadata = try await self.client.find(type.metadataOnly, name, in: self.namespace)?.metadata
            // The garbage collector was quicker.
            guard let metadata else { return }
            guard metadata.annotation(Key.session) != nil else {
                throw PluginFailure(
                    "there is a \(kind)/\(name) that is none of a session's", hint: "delete it, or rename it")
            }
            try await self.client.requireLease(of: self.objects)
            try await self.client.delete(type, name, in: self.namespace, uid: metadata.uid)
        } catch let error as APIError {
            throw PluginFailure(error, action: "delete the leftover \(kind)/\(name)")
        }
    }
}
