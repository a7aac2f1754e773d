import Kubernetes
import PluginConsole
import Session
import SessionEffects

/// Pointing the Service at the proxy, and seeing that it is so.
struct ServiceSwitch: Sendable {
    let client: KubernetesClient
    let objects: SessionObjects
    let undo: SessionUndo

    private var namespace: String { self.objects.namespace }
    private var name: String { self.objects.service.metadata.name }

    /// Waits until the endpoint controller counts the proxy's pod as ready: from then on a switch cannot be empty.
    func waitForWarmUp(pod: String, within limit: Duration) async throws {
        try await self.wait(for: pod, in: self.objects.names.warmUp, within: limit)
    }

    /// Makes a warm-up Service that somebody has deleted anew: without it no pod could ever be switched to.
    func bringWarmUpBack() async throws {
        let name = self.objects.names.warmUp
        guard try await self.client.find(.services, name, in: self.namespace) == nil else { return }
        // A process that was stopped for long must not leave it to a later session.
        try await self.client.requireLease(of: self.objects)
        do {
            try await self.client.create(.services, self.objects.warmUp(), in: self.namespace)
        } catch let error where error.code == .alreadyExists {
            return
        } catch {
            throw PluginFailure(error, action: "create service/\(name)")
        }
    }

    /// Switches, against the Service as it is now.
    ///
    /// - Parameter publishNotReady: See ``SwitchPatch``.
    /// - Throws: ``PluginFailure`` when the Service's selector or ports are no longer those that were prepared for.
    func run(publishNotReady: Bool) async throws {
        for _ in 0..<SessionUndo.attempts {
            let service = try await self.client.get(.services, self.name, in: self.namespace)
            if service.isSwitched(to: self.objects.holder.session) { return }
            let prepared = self.objects.service
            guard service.metadata.uid == prepared.metadata.uid, service.selector == prepared.selector,
                service.spec.ports == prepared.spec.ports
            else {
                throw PluginFailure(
                    "somebody changed service/\(self.name) while the intercept was set up", hint: "start again")
            }
            // A process that was stopped for long must not switch what is another's by now.
            try await self.client.requireLease(of: self.objects)
            do {
                try await self.saveManagedFields(of: service)
                let patch = SwitchPatch.make(
                    service, session: self.objects.holder.session, names: self.objects.names,
                    publishNotReady: publishNotReady)
                try await self.client.patch(.services, self.name, in: self.namespace, patch)
                return
            } catch let error where error.code == .conflict || error.code == .invalid {
                continue
            } catch {
                throw PluginFailure(error, action: "patch service/\(self.name)")
            }
        }
        throw PluginFailure("service/\(self.name) keeps changing", hint: "see who writes it, and start again")
    }

    /// From now on a proxy pod that is being deleted keeps its traffic until the Service is restored.
    func keepEndingPods() async throws(APIError) {
        for _ in 0..<SessionUndo.attempts {
            let service = try await self.client.get(.services, self.name, in: self.namespace)
            guard let patch = SwitchPatch.keepEndingPods(service, session: self.objects.holder.session) else { return }
            do {
                try await self.client.patch(.services, self.name, in: self.namespace, patch)
                return
            } catch let error where error.code == .conflict || error.code == .invalid {
                continue
            }
        }
    }

    /// Waits until the Service's slices show the proxy's pod.
    func confirm(pod: String, within limit: Duration) async throws {
        try await self.wait(for: pod, in: self.name, within: limit)
    }

    /// Keeps the saved managedFields those of the moment before the switch.
    private func saveManagedFields(of service: Service) async throws(APIError) {
        guard service.metadata.managedFields != self.objects.service.metadata.managedFields else { return }
        var patch = JSONPatch()
        patch.add(
            JSONPatch.annotation(Key.originalManagedFields),
            .string((service.metadata.managedFields ?? []).canonicalText))
        try await self.client.patch(.services, self.objects.names.origin, in: self.namespace, patch)
    }

    private func wait(for pod: String, in service: String, within limit: Duration) async throws {
        let clock = ContinuousClock()
        let deadline = clock.now + limit
        while try await !self.undo.readyPods(of: service).contains(pod) {
            guard clock.now < deadline else {
                throw PluginFailure("service/\(service) did not get pod/\(pod) as its endpoint within \(limit)")
            }
            try await Task.sleep(for: .milliseconds(20))
        }
    }
}
