public import Kubernetes
public import Session

/// Taking a gateway away, over any client: the plugin and the gateway itself run the same steps, also at the same time.
public struct GatewayUndo: Sendable {
    private let client: KubernetesClient
    private let namespace: String
    private let names: GatewayNames
    private let session: SessionID

    /// The undoing of one session.
    public init(client: KubernetesClient, namespace: String, names: GatewayNames, session: SessionID) {
        self.client = client
        self.namespace = namespace
        self.names = names
        self.session = session
    }

    /// Deletes the Lease, and then the Deployment, which takes everything along, the gateway's own rights too.
    ///
    /// - Throws: ``APIError`` when the server did not answer or refused; safe to call again.
    public func run() async throws(APIError) {
        if let lease = try await self.client.find(.leases, self.names.lease, in: self.namespace),
            Holder(lease.spec.holderIdentity)?.session == self.session
        {
            try await self.client.delete(.leases, self.names.lease, in: self.namespace, uid: lease.metadata.uid)
        }
        if let deployment = try await self.client.find(.deployments, self.names.deployment, in: self.namespace),
            deployment.metadata.annotation(Key.session) == self.session.description
        {
            try await self.client.delete(
                .deployments, self.names.deployment, in: self.namespace, uid: deployment.metadata.uid)
        }
    }
}
