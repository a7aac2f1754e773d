import Kubernetes
import PluginConsole
import Session

extension KubernetesClient {
    /// - Throws: ``PluginFailure`` when the Lease is not this session's any more, or has expired; ``APIError``.
    func requireLease(of objects: SessionObjects) async throws {
        let lease = try await self.find(.leases, objects.names.lease, in: objects.namespace)
        guard let lease, Holder(lease.spec.holderIdentity)?.session == objects.holder.session, !lease.isExpired else {
            throw PluginFailure("the session has ended: lease/\(objects.names.lease) is not this session's any more")
        }
    }
}
