public import Kubernetes
public import Session

extension KubernetesClient {
    /// The Leases of a Service's sessions, in any order: plugin, proxy and controller count the same ones. Another name is none
    /// of a session's, whatever labels it has: the proxy's Role does not name it.
    public func sessionLeases(_ names: SessionNames, in namespace: String) async throws(APIError) -> [Lease] {
        let slots = Set(names.leases)
        return try await self.list(.leases, in: namespace, labels: names.leaseLabels).items
            .filter { slots.contains($0.metadata.name) }
    }
}
