public import Kubernetes
public import Session

/// Deleting a gateway, over any client: the plugin and the gateway itself run the same steps, also at the same time.
public struct GatewayCleanup: Sendable {
    private let client: KubernetesClient
    private let namespace: String
    private let names: GatewayNames
    private let session: SessionID

    /// The cleanup of one session.
    public init(client: KubernetesClient, namespace: String, names: GatewayNames, session: SessionID) {
        self.client = client
        self.namespace = namespace
        self.names = names
        self.session = session
    }

    /// Deletes the Lease, the Deployment and then the account, which owns the rest, the gateway's own rights too.
    ///
    /// - Throws: ``APIError`` when the server did not answer or refused; safe to call again.
    public func run() async throws(APIError) {
        if let lease = try await self.client.find(.leases, self.names.lease, in: self.namespace),
            lease.isHeld(by: self.session)
        {
            try await self.client.delete(.leases, self.names.lease, in: self.namespace, uid: lease.metadata.uid)
        }
        try await self.delete(.deployments, self.names.deployment) { $0.metadata }
        do {
            try await self.delete(.serviceAccounts, self.names.account) { $0.metadata }
        } catch let error where error.code == .forbidden {
            // Who may not even see it has not made one.
            return
        }
    }

    private func delete<Object>(
        _ type: ResourceType<Object>, _ name: String, _ metadata: (Object) -> ObjectMeta
    ) async throws(APIError) {
        guard let found = try await self.client.find(type, name, in: self.namespace).map(metadata),
            found.annotation(Key.session) == self.session.description
        else { return }
        try await self.client.delete(type, name, in: self.namespace, uid: found.uid)
    }
}
