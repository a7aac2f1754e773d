public import Kubernetes
public import Session

extension SessionCleanup {
    /// Restores the Service at the session's end, and has nobody join the tunnel any more; while others have it, neither.
    ///
    /// Who joins creates a Lease, and then reads whether the tunnel ends; here that is said first, and then the Leases are
    /// listed: one of both sees the other. Of two that leave at once at least one sees that the other does.
    ///
    /// - Parameter withOthers: Whether the tunnel ends whoever has it.
    /// - Throws: ``APIError`` when the server did not answer or refused; safe to call again.
    public func end(_ cause: RestoreCause, withOthers: Bool) async throws(APIError) -> RestoreOutcome {
        if !withOthers {
            try await self.sayLeave()
            if try await !self.others().isEmpty { return try await self.left(cause) }
        }
        try await self.mark()
        if !withOthers, try await !self.others().isEmpty {
            try await self.takeMarkBack()
            return try await self.left(cause)
        }
        return try await self.restoreService(cause)
    }

    /// Others have the tunnel, and may be asleep: a Service without a proxy does not wait for them.
    private func left(_ cause: RestoreCause) async throws(APIError) -> RestoreOutcome {
        if let pods = try? await self.proxies(), !pods.contains(where: \.isReady) {
            try await self.restoreService(cause)
        } else {
            await self.recordLeave(cause)
        }
        return .shared
    }

    /// Tells on the Service why the session leaves.
    public func recordLeave(_ cause: RestoreCause) async {
        guard let service = try? await self.client.find(.services, self.names.service, in: self.namespace) else {
            return
        }
        await EventRecorder(client: self.client, namespace: self.namespace).record(.left(cause), on: service)
    }

    /// Says that the session leaves: its ports are free, and nobody counts on it.
    ///
    /// - Throws: ``APIError`` when the server did not answer; safe to call again.
    public func sayLeave() async throws(APIError) {
        guard let lease = try await self.leases().first(where: { $0.isHeld(by: self.session) }),
            let holder = lease.holder, !lease.isOver
        else { return }
        try await self.patch(.leases, lease.metadata.name, Lease.leave(holder))
    }

    /// The Leases of other sessions that have the tunnel.
    ///
    /// - Throws: ``APIError`` when the server did not answer.
    public func others() async throws(APIError) -> [Lease] {
        try await self.leases().others(than: self.session, in: self.tunnel)
    }

    /// Whether the session has ended the tunnel, with everybody who has it: the origin Service says so, or is gone.
    ///
    /// - Throws: ``APIError`` when the server did not answer.
    public func hasEnded() async throws(APIError) -> Bool {
        switch TunnelState(origin: try await self.origin()) {
        case .ending(_, let session): session == self.session.description
        case .none: true
        case .living: false
        }
    }

    private func mark() async throws(APIError) {
        guard let origin = try await self.origin(), case .living = TunnelState(origin: origin) else { return }
        try await self.patchOrigin(TunnelState.end(origin, tunnel: self.tunnel, by: self.session))
    }

    /// Takes back that a session, this one by default, ends the tunnel.
    ///
    /// - Throws: ``APIError`` when the server did not answer; safe to call again.
    public func takeMarkBack(from session: String? = nil) async throws(APIError) {
        guard let origin = try await self.origin() else { return }
        let session = session ?? self.session.description
        try await self.patchOrigin(TunnelState.takeBack(origin, tunnel: self.tunnel, by: session))
    }

    /// The origin Service, as long as it is this tunnel's.
    private func origin() async throws(APIError) -> Service? {
        let origin = try await self.client.find(.services, self.names.origin, in: self.namespace)
        return origin?.metadata.annotation(Key.session) == self.tunnel.description ? origin : nil
    }

    private func patchOrigin(_ patch: JSONPatch) async throws(APIError) {
        try await self.patch(.services, self.names.origin, patch)
    }

    /// Patches an object that others patch at the same time, which the server gives up on after some tries (409). A test that
    /// fails says that it is not the one that was read, or says it already: each is enough.
    private func patch<Object>(
        _ type: ResourceType<Object>, _ name: String, _ patch: JSONPatch
    ) async throws(APIError) {
        var lastError = APIError(.conflict, "\(name) keeps changing")
        for _ in 0..<Self.attempts {
            do throws(APIError) {
                try await self.client.patch(type, name, in: self.namespace, patch)
                return
            } catch {
                if error.code == .invalid || error.code == .notFound { return }
                guard error.code == .conflict else { throw error }
                lastError = error
            }
        }
        throw lastError
    }
}
