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
        let warmUp = self.objects.names.warmUp
        try await self.wait(within: limit, for: pod, in: warmUp) {
            try await self.undo.readyPods(of: warmUp, port: WarmUpCount.ready.rawValue).contains(pod)
        }
    }

    /// Makes the warm-up Service count pods so, and anew when somebody has deleted it: without it no pod could ever be
    /// switched to.
    func setWarmUp(_ count: WarmUpCount) async throws {
        let name = self.objects.names.warmUp
        if try await self.client.find(.services, name, in: self.namespace) != nil {
            try await self.client.patch(.services, name, in: self.namespace, self.objects.warmUpPatch(count))
            return
        }
        // A process that was stopped for long must not leave it to a later session.
        try await self.client.requireLease(of: self.objects)
        do {
            try await self.client.create(.services, self.objects.warmUp(count), in: self.namespace)
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

    /// Waits until the endpoint controller knows of no other pod of the session, and makes the Service keep a proxy pod
    /// that is being deleted from then on.
    ///
    /// That a list of pods has no other says nothing: a controller that lags behind gives an ended pod traffic (seen for
    /// 3.5 s after an API server's restart).
    func keepEndingPods(after pod: String) async throws {
        try await self.setWarmUp(.published)
        let published = WarmUpCount.published.rawValue
        // One slice for each IP family has it.
        while try await Set(self.undo.readyPods(of: self.objects.names.warmUp, port: published)) != [pod] {
            try await Task.sleep(for: .milliseconds(200))
        }
        try await self.keepEndingPods()
    }

    private func keepEndingPods() async throws(APIError) {
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
        try await self.wait(within: limit, for: pod, in: self.name) {
            try await self.undo.readyPods(of: self.name).contains(pod)
        }
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

    private func wait(
        within limit: Duration, for pod: String, in service: String, until isThere: () async throws -> Bool
    ) async throws {
        let clock = ContinuousClock()
        let deadline = clock.now + limit
        while try await !isThere() {
            guard clock.now < deadline else {
                throw PluginFailure("service/\(service) did not get pod/\(pod) as its endpoint within \(limit)")
            }
            try await Task.sleep(for: .milliseconds(20))
        }
    }
}
