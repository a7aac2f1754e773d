import Kubernetes
import PluginConsole
import PluginSession
import Session
import SessionEffects

/// A Service that is intercepted already, and what can be done about it.
struct HeldService: Sendable {
    let client: KubernetesClient
    let namespace: String
    let names: SessionNames
    let slices: ResourceType<EndpointSlice>

    /// Cleanup of one session of this Service.
    func cleanup(_ session: SessionID, choosing selector: [String: String]? = nil) -> SessionCleanup {
        SessionCleanup(
            client: self.client, namespace: self.namespace, service: self.names.service, session: session,
            slices: self.slices, chosenSelector: selector)
    }

    /// The Lease; `nil` when it is not intercepted.
    func lease() async throws -> Lease? {
        do {
            return try await self.client.find(.leases, self.names.lease, in: self.namespace)
        } catch {
            throw PluginFailure(error, action: "read lease/\(self.names.lease)")
        }
    }

    /// Whether a proxy answers for a session.
    func hasReadyProxy(_ session: SessionID) async throws -> Bool {
        try await self.client.list(.pods, in: self.namespace, labels: "\(Key.session)=\(session)").items
            .contains(where: \.isReady)
    }

    /// Watches a Lease for as long as its holder may be silent.
    ///
    /// - Returns: Whether it did not change once, or is gone.
    func isAbandoned(_ first: Lease) async throws -> Bool {
        let clock = ContinuousClock()
        let start = clock.now
        var lease = first
        var watch = LeaseClock(durationSeconds: first.spec.leaseDurationSeconds ?? LeaseClock.usualSeconds)
        while watch.observe(lease, now: clock.now - start) == .held {
            try await Task.sleep(for: watch.interval)
            guard let present = try await self.lease() else { return true }
            guard present.metadata.uid == first.metadata.uid, present.spec.renewTime == first.spec.renewTime else {
                return false
            }
            lease = present
        }
        return true
    }

    /// Deletes a Lease that no session can be found by, as long as it is the one that was read.
    func delete(malformed lease: Lease) async throws {
        do {
            try await self.client.delete(.leases, self.names.lease, in: self.namespace, uid: lease.metadata.uid)
        } catch {
            throw PluginFailure(error, action: "delete lease/\(self.names.lease)")
        }
    }

    /// Asks a session to end, and sees that it does.
    ///
    /// - Parameters:
    ///   - insists: Whether a living Lease may be disregarded when no plugin answers.
    ///   - drains: Whether to wait until connections in flight have come to their end, too.
    /// - Returns: `free`, or `draining` when that was not waited for.
    func end(
        _ lease: Lease, of holder: Holder, _ request: EndRequest, insists: Bool, drains: Bool
    ) async throws -> RemoteTermination.Order {
        var termination = RemoteTermination(
            lease, wasSwitched: try await self.isSwitched(to: holder.session), insists: insists)
        do {
            try await self.client.patch(
                .leases, self.names.lease, in: self.namespace, request.patch(holder: holder))
        } catch let error where error.code == .notFound {
            return .free
        } catch let error where error.code == .invalid {
            throw PluginFailure("service/\(self.names.service) has just changed hands", hint: "try again")
        } catch {
            throw PluginFailure(error, action: "patch lease/\(self.names.lease)")
        }
        let clock = ContinuousClock()
        let start = clock.now
        while true {
            let seen = RemoteTermination.Observation(
                lease: try await self.lease(), hasReadyProxy: try await self.hasReadyProxy(holder.session),
                isSwitched: try await self.isSwitched(to: holder.session))
            let order = termination.observe(seen, now: clock.now - start)
            switch order {
            case .free: return .free
            case .draining where !drains: return .draining
            case .wait, .draining: try await Task.sleep(for: .milliseconds(200))
            case .recover:
                let outcome = try await self.recover(holder.session, request.cause)
                if let failure = PluginFailure(outcome, service: self.names.service) { throw failure }
                return .free
            case .ignored:
                throw PluginFailure(
                    "\(holder.person) does not end the session, and goes on renewing its lease",
                    hint: "end it with `kubectl tunnel stop \(self.names.service) --force`")
            }
        }
    }

    /// Recovers a dead session, or waits for the controller to, where this user may not.
    func recover(_ session: SessionID, _ cause: RestoreCause) async throws(APIError) -> RestoreOutcome {
        do throws(APIError) {
            return try await self.cleanup(session).run(cause)
        } catch {
            guard error.code == .forbidden,
                try await Rights(client: self.client, namespace: self.namespace).controller() == .ready
            else { throw error }
            let clock = ContinuousClock()
            let deadline = clock.now + Self.controllerTimeout
            while try await self.isThere(session) {
                guard clock.now < deadline else { throw error }
                try? await Task.sleep(for: .milliseconds(200))
            }
            return .untouched
        }
    }

    /// Whether a session has the Lease or the Service.
    private func isThere(_ session: SessionID) async throws(APIError) -> Bool {
        let lease = try await self.client.find(.leases, self.names.lease, in: self.namespace)
        if lease?.isHeld(by: session) == true { return true }
        return try await self.isSwitched(to: session)
    }

    /// How long the controller gets: it looks every 5 s, waits for original pods (10 s), and for the proxy (10 s).
    private static let controllerTimeout = Duration.seconds(30)

    private func isSwitched(to session: SessionID) async throws(APIError) -> Bool {
        try await self.client.find(.services, self.names.service, in: self.namespace)?.markedSession == session
    }
}

extension PluginFailure {
    /// The failure behind an outcome that left the Service switched; `nil` for every other.
    init?(_ outcome: RestoreOutcome, service: String) {
        guard case .selectorConflict(let annotation, let origin) = outcome else { return nil }
        self.init(
            "service/\(service) is still switched: its own selector is uncertain, \(annotation) or \(origin)",
            hint: "say which with `kubectl tunnel restore \(service) --selector KEY=VALUE,…`")
    }
}
