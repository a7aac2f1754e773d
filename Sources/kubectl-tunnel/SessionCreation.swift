import FoundationEssentials
import Kubernetes
import PluginConsole
import Session

/// Creating what a session's holder creates in any case: its Lease, which is the lock.
struct SessionCreation: Sendable {
    let client: KubernetesClient
    let objects: SessionObjects

    private var namespace: String { self.objects.namespace }
    private var names: SessionNames { self.objects.names }

    /// Takes the lock.
    ///
    /// - Throws: ``PluginFailure`` naming the holder when another user was quicker.
    func createLease() async throws {
        let lease = self.objects.lease(time: MicroTime.text(for: .now))
        do {
            try await self.client.create(.leases, lease, in: self.namespace)
        } catch let error where error.code == .alreadyExists {
            if let held = try? await self.client.find(.leases, self.names.lease, in: self.namespace) {
                throw PluginFailure(held: held, service: self.names.service, me: self.objects.holder)
            }
            throw PluginFailure(error, action: "create lease/\(self.names.lease)")
        } catch {
            throw PluginFailure(error, action: "create lease/\(self.names.lease)")
        }
    }
}
