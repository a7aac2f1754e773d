import Kubernetes
import Session

extension SessionWriter {
    /// Makes the warm-up Service count pods so, and creates it again when another client has deleted it: without it no pod could ever be
    /// switched to.
    func setWarmUp(_ count: WarmUpCount) async throws {
        let name = self.names.warmUp
        let isThere = try await self.trying("patch service/\(name)") { () async throws(APIError) in
            guard try await self.client.has(.services, name, in: self.namespace) else { return false }
            try await self.client.patch(.services, name, in: self.namespace, self.objects.warmUpPatch(count))
            return true
        }
        guard !isThere else { return }
        try await self.requireLease()
        try await self.trying("create service/\(name)") { () async throws(APIError) in
            do throws(APIError) {
                try await self.client.create(.services, self.objects.warmUp(count), in: self.namespace)
            } catch {
                guard error.code == .alreadyExists else { throw error }
            }
        }
    }

    /// Switches, against the Service as it is now.
    ///
    /// - Parameter publishNotReady: See ``SwitchPatch``.
    /// - Throws: ``WriteFailure`` when the Service's selector or ports are no longer those that were prepared for.
    func switchService(publishNotReady: Bool) async throws {
        let name = "service/\(self.service)"
        for _ in 0..<SessionCleanup.attempts {
            let service = try await self.trying("read \(name)") { () async throws(APIError) in
                try await self.client.get(.services, self.service, in: self.namespace)
            }
            if service.isSwitched(to: self.objects.tunnel) { return }
            let prepared = self.objects.service
            guard service.metadata.uid == prepared.metadata.uid, service.selector == prepared.selector,
                service.spec.ports == prepared.spec.ports
            else {
                throw WriteFailure.refused(
                    Refusal("another client changed \(name) while the intercept was set up", hint: "start again"))
            }
            try await self.requireProxy()
            try await self.requireLease()
            let isDone = try await self.trying("patch \(name)") { () async throws(APIError) in
                try await self.guarded { () async throws(APIError) in
                    try await self.saveManagedFields(of: service)
                    let patch = SwitchPatch.make(
                        service, tunnel: self.objects.tunnel, names: self.names,
                        publishNotReady: publishNotReady)
                    try await self.client.patch(.services, self.service, in: self.namespace, patch)
                }
            }
            if isDone { return }
        }
        throw WriteFailure.refused(Refusal("\(name) keeps changing", hint: "see who writes it, and start again"))
    }

    /// Whichever client asks for it: a Service never leads to no pod.
    ///
    /// - Throws: ``WriteFailure`` when the endpoint controller counts no pod of the tunnel as ready.
    private func requireProxy() async throws(WriteFailure) {
        let warmUp = self.names.warmUp
        let pods = try await self.trying("read the endpoints of service/\(warmUp)") { () async throws(APIError) in
            try await self.cleanup.readyPods(of: warmUp, port: WarmUpCount.ready.rawValue)
        }
        // Another Service's proxy may be of the same tunnel, as a Lease says.
        if !pods.contains(where: { $0.hasPrefix("\(self.names.deployment)-") }) {
            throw .refused(Refusal("no proxy of service/\(self.service) is ready"))
        }
    }

    /// Makes the switched Service keep a proxy pod that is being deleted.
    func keepEndingPods() async throws {
        for _ in 0..<SessionCleanup.attempts {
            let isDone = try await self.trying("patch service/\(self.service)") { () async throws(APIError) in
                let service = try await self.client.get(.services, self.service, in: self.namespace)
                let patch = SwitchPatch.keepEndingPods(service, tunnel: self.objects.tunnel)
                guard let patch else { return true }
                return try await self.guarded { () async throws(APIError) in
                    try await self.client.patch(.services, self.service, in: self.namespace, patch)
                }
            }
            if isDone { return }
        }
    }

    /// - Returns: Whether no client has written the object meanwhile.
    private func guarded(_ body: () async throws(APIError) -> Void) async throws(APIError) -> Bool {
        do throws(APIError) {
            try await body()
            return true
        } catch {
            guard error.code == .conflict || error.code == .invalid else { throw error }
            return false
        }
    }

    /// Keeps the saved managedFields those of the moment before the switch.
    private func saveManagedFields(of service: Service) async throws(APIError) {
        guard service.metadata.managedFields != self.objects.service.metadata.managedFields else { return }
        var patch = JSONPatch()
        patch.add(
            JSONPatch.annotation(Key.originalManagedFields),
            .string((service.metadata.managedFields ?? []).canonicalText))
        try await self.client.patch(.services, self.names.origin, in: self.namespace, patch)
    }
}
