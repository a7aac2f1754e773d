import Kubernetes
import Session

/// Notices that another client has deleted what a session cannot do without.
///
/// Without the origin Service there is no pass-through, without the Deployment or its account nobody who
/// comes back or restores: then the session ends, as long as the plugin is there to end it.
struct ObjectWatch: Sendable {
    let client: KubernetesClient
    let objects: SessionObjects

    /// Runs until the task is cancelled.
    ///
    /// - Parameter tell: Gets the name of an object that is gone.
    func run(_ tell: @escaping @Sendable (String) -> Void) async {
        let report: @Sendable (String) async -> Void = { name in
            // Objects that go along with their session have a better reason, which others will tell.
            if await !self.isHeld() { try? await Task.sleep(for: Self.gracePeriod) }
            tell(name)
        }
        let names = self.objects.names
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.watch(.services, names.origin, "service", report) }
            group.addTask { await self.watch(.deployments, names.deployment, "deployment", report) }
            // Whose account a joined tunnel has, only its maker knows.
            if self.objects.failsafe == .ownRole, self.objects.tunnel == self.objects.holder.session {
                group.addTask { await self.watch(.serviceAccounts, names.account, "serviceaccount", report) }
            }
        }
    }

    /// How long the watches of Lease and Service get to tell why a session is over.
    private static let gracePeriod = Duration.seconds(3)

    private func isHeld() async -> Bool {
        let (service, namespace) = (self.objects.service.metadata, self.objects.namespace)
        let lease = try? await self.client.find(.leases, self.objects.leaseName, in: namespace)
        let found = try? await self.client.find(.services, service.name, in: namespace)
        return lease?.holder == self.objects.holder && found?.metadata.uid == service.uid
    }

    /// How long to wait before a watch is begun again.
    private static let pause = Duration.seconds(1)

    private func watch<Object>(
        _ type: ResourceType<Object>, _ name: String, _ kind: String, _ report: @Sendable (String) async -> Void
    ) async {
        while !Task.isCancelled {
            do {
                // It may have gone while nobody watched.
                guard try await self.client.find(type, name, in: self.objects.namespace) != nil else {
                    return await report("\(kind)/\(name)")
                }
                for try await event in self.client.watch(type, name: name, in: self.objects.namespace) {
                    if case .deleted = event { return await report("\(kind)/\(name)") }
                }
            } catch {
                // A user who may only create an object cannot watch it.
                if (error as? APIError)?.code == .forbidden { return }
            }
            try? await Task.sleep(for: Self.pause)
        }
    }
}
