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
    func cleanup(
        of tunnel: SessionID, _ session: SessionID, choosing selector: [String: String]? = nil
    ) -> SessionCleanup {
        SessionCleanup(
            client: self.client, namespace: self.namespace, service: self.names.service, tunnel: tunnel,
            session: session, slices: self.slices, chosenSelector: selector)
    }

    /// The Leases of its sessions, the oldest first, and those that name none.
    func leases() async throws -> [Lease] {
        do {
            return try await self.client.sessionLeases(self.names, in: self.namespace)
                .sorted {
                    ($0.metadata.creationTimestamp ?? "", $0.metadata.name)
                        < ($1.metadata.creationTimestamp ?? "", $1.metadata.name)
                }
        } catch {
            throw PluginFailure(error, action: "list the leases of service/\(self.names.service)")
        }
    }

    /// The Leases of sessions that have what this one wants, and of those that may.
    func rivals(for wish: PortWish) async throws -> [Lease] { try await self.leases().filter { $0.rivals(wish) } }

    /// A Lease as it is now; `nil` when it is gone.
    func present(_ lease: Lease) async throws -> Lease? {
        do {
            return try await self.client.find(.leases, lease.metadata.name, in: self.namespace)
        } catch {
            throw PluginFailure(error, action: "read lease/\(lease.metadata.name)")
        }
    }

    /// Whether it has a tunnel that can be joined.
    func tunnel() async throws -> TunnelState { TunnelState(origin: try await self.origin()) }

    /// The origin Service; `nil` while there is none.
    func origin() async throws -> Service? {
        do {
            return try await self.client.find(.services, self.names.origin, in: self.namespace)
        } catch {
            throw PluginFailure(error, action: "read service/\(self.names.origin)")
        }
    }

    /// Whether a proxy answers for a tunnel.
    func hasReadyProxy(_ tunnel: SessionID) async throws -> Bool {
        try await self.client.list(.pods, in: self.namespace, labels: "\(Key.session)=\(tunnel)").items
            .contains(where: \.isReady)
    }

    /// Waits until a Lease is gone, or its tunnel has a proxy.
    ///
    /// - Returns: Whether one of both came to be.
    func hasMoved(_ lease: Lease, within limit: Duration) async throws -> Bool {
        let clock = ContinuousClock()
        let deadline = clock.now + limit
        while clock.now < deadline {
            guard let present = try await self.present(lease), present.metadata.uid == lease.metadata.uid else {
                return true
            }
            if let tunnel = present.tunnel, try await self.hasReadyProxy(tunnel) { return true }
            try await Task.sleep(for: .milliseconds(200))
        }
        return false
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
            guard let present = try await self.present(first) else { return true }
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
            try await self.client.delete(
                .leases, lease.metadata.name, in: self.namespace, uid: lease.metadata.uid)
        } catch {
            throw PluginFailure(error, action: "delete lease/\(lease.metadata.name)")
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
        let tunnel = lease.tunnel ?? holder.session
        var termination = RemoteTermination(
            lease, wasSwitched: try await self.isSwitched(to: tunnel), insists: insists)
        do {
            try await self.client.patch(
                .leases, lease.metadata.name, in: self.namespace, request.patch(holder: holder))
        } catch let error where error.code == .notFound {
            return .free
        } catch let error where error.code == .invalid {
            throw PluginFailure("service/\(self.names.service) has just changed hands", hint: "try again")
        } catch {
            throw PluginFailure(error, action: "patch lease/\(lease.metadata.name)")
        }
        let clock = ContinuousClock()
        let start = clock.now
        while true {
            let seen = RemoteTermination.Observation(
                lease: try await self.present(lease), hasReadyProxy: try await self.hasReadyProxy(tunnel),
                isSwitched: try await self.isSwitched(to: tunnel))
            let order = termination.observe(seen, now: clock.now - start)
            switch order {
            case .free: return .free
            case .draining where !drains: return .draining
            case .wait, .draining: try await Task.sleep(for: .milliseconds(200))
            case .recover:
                let outcome = try await self.recover(tunnel, holder.session, request.cause)
                if let failure = PluginFailure(outcome, service: self.names.service) { throw failure }
                return .free
            case .ignored:
                throw PluginFailure(
                    "\(holder.person) does not end the session, and goes on renewing its lease",
                    hint: "end it with `kubectl tunnel stop \(self.names.service) --force`")
            }
        }
    }

    /// Asks the holder of a Lease to end the session for another, and sees that it does.
    func takeOver(_ lease: Lease, of holder: Holder, by me: Holder, _ report: SessionReport) async throws {
        report.event("taking-over", "taking service/\(self.names.service) over from \(holder.person)")
        _ = try await self.end(lease, of: holder, .takeOver(by: me.person), insists: false, drains: true)
    }

    /// Recovers a dead session, or waits for the controller to, where this user may not.
    func recover(
        _ tunnel: SessionID, _ session: SessionID, _ cause: RestoreCause
    ) async throws(APIError) -> RestoreOutcome {
        do throws(APIError) {
            return try await self.cleanup(of: tunnel, session).run(cause)
        } catch {
            guard error.code == .forbidden,
                try await Rights(client: self.client, namespace: self.namespace).controller() == .ready
            else { throw error }
            let clock = ContinuousClock()
            let deadline = clock.now + Self.controllerTimeout
            while try await self.isThere(tunnel, session) {
                guard clock.now < deadline else { throw error }
                try? await Task.sleep(for: .milliseconds(200))
            }
            return .untouched
        }
    }

    /// Whether a session has a Lease, or its tunnel the Service, which no other session has.
    private func isThere(_ tunnel: SessionID, _ session: SessionID) async throws(APIError) -> Bool {
        let leases = try await self.cleanup(of: tunnel, session).leases()
        if leases.contains(where: { $0.isHeld(by: session) }) { return true }
        if leases.contains(where: { $0.isMember(of: tunnel) }) { return false }
        return try await self.isSwitched(to: tunnel)
    }

    /// How long the controller gets: it looks every 5 s, waits for original pods (10 s), and for the proxy (10 s).
    private static let controllerTimeout = Duration.seconds(30)

    private func isSwitched(to tunnel: SessionID) async throws(APIError) -> Bool {
        try await self.client.find(.services, self.names.service, in: self.namespace)?.markedTunnel == tunnel
    }
}

extension Lease {
    /// Whether its session has what is wanted; one that names no session may.
    func rivals(_ wish: PortWish) -> Bool { PortClaim(self)?.rivals(wish) ?? (self.malformedHolder != nil) }
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
