import FoundationEssentials
import Kubernetes
import PluginConsole
import PluginSession
import Session
import SessionEffects

/// Getting into the tunnel of a Service: carries out what ``TunnelEntry`` decides.
struct SessionEntry: Sendable {
    let client: KubernetesClient
    let report: SessionReport
    let takesOver: Bool
    /// Told before the Lease is created, and when it is gone again.
    let tell: @Sendable (LaptopSession.Event) -> Void
    /// Told the objects with their Lease's slot, before it is created.
    let use: @Sendable (SessionObjects) async -> Void
    /// Deletes the session's Lease.
    let deleteLease: @Sendable (SessionObjects) async throws -> Void

    /// How long another session may take to make or to end a tunnel: 30 s for the original pods, and 30 s for a drain.
    private static let timeout = Duration.seconds(80)
    private static let pause = Duration.milliseconds(200)
    /// After how long the user is told what is waited for.
    private static let quiet = Duration.seconds(1)

    /// Creates the session's Lease.
    ///
    /// - Returns: The objects, with the tunnel that is to be made or was joined, and the Service as its maker found it.
    /// - Throws: ``PluginFailure`` naming whoever has a port, or why it cannot be; no Lease is left then.
    func enter(_ prepared: SessionObjects) async throws -> SessionObjects {
        var objects = prepared
        let entry = TunnelEntry(objects, takesOver: self.takesOver)
        let (clock, start) = (ContinuousClock(), ContinuousClock.now)
        var isTold = false
        var isAsked = false
        while true {
            let look = try await self.look(objects)
            if isAsked, !look.leases.contains(where: { $0.isHeld(by: objects.holder.session) }) {
                self.tell(.leaseGone)
                isAsked = false
            }
            switch entry.step(look) {
            case .createLease(let slot, let tunnel):
                guard clock.now - start < Self.timeout else { throw self.timedOut(look, objects) }
                (objects.slot, objects.tunnel) = (slot, tunnel)
                isAsked = true
                await self.use(objects)
                try await self.createLease(objects)
            case .startOver: try await self.leave(objects)
            case .make: return objects
            case .join(let tunnel):
                let service = try await self.client.require(objects.names.service, in: objects.namespace)
                return objects.joined(tunnel, service: service.found(by: tunnel, origin: look.origin))
            case .wait:
                guard clock.now - start < Self.timeout else { throw self.timedOut(look, objects) }
                if !isTold, clock.now - start > Self.quiet {
                    isTold = true
                    self.report.event("waiting", "waiting for \(Self.who(look)), who makes or ends the tunnel")
                }
                try await Task.sleep(for: Self.pause)
            case .taken(let lease):
                if look.leases.contains(where: { $0.isHeld(by: objects.holder.session) }) {
                    try await self.leave(objects)
                }
                throw PluginFailure(held: lease, service: objects.names.service, me: objects.holder)
            case .refuse(let refusal):
                if look.leases.contains(where: { $0.isHeld(by: objects.holder.session) }) {
                    try await self.leave(objects)
                }
                throw PluginFailure(refusal)
            }
        }
    }

    /// The Leases first: who ends a tunnel says so, and then looks at them.
    private func look(_ objects: SessionObjects) async throws -> TunnelEntry.Look {
        do {
            let leases = try await self.client.sessionLeases(objects.names, in: objects.namespace)
            let origin = try await self.client.find(.services, objects.names.origin, in: objects.namespace)
            return TunnelEntry.Look(leases: leases, origin: origin)
        } catch {
            throw PluginFailure(error, action: "look at the tunnel of service/\(objects.names.service)")
        }
    }

    private func createLease(_ objects: SessionObjects) async throws {
        self.tell(.leaseAsked)
        do {
            let lease = objects.lease(time: MicroTime.text(for: .now))
            let _: Lease = try await self.client.create(.leases, lease, in: objects.namespace)
        } catch {
            // Another session was quicker, or this one's was carried out twice: the next look tells.
            if error.code == .alreadyExists { return try await Task.sleep(for: Self.pause) }
            throw PluginFailure(error, action: "create lease/\(objects.leaseName)")
        }
    }

    private func leave(_ objects: SessionObjects) async throws {
        try await self.deleteLease(objects)
        self.tell(.leaseGone)
    }

    private static func who(_ look: TunnelEntry.Look) -> String {
        look.leases.lazy.compactMap { $0.holder?.person }.first ?? "another user"
    }

    private func timedOut(_ look: TunnelEntry.Look, _ objects: SessionObjects) -> PluginFailure {
        PluginFailure(
            "the tunnel of \(Self.who(look)) on service/\(objects.names.service) is neither made nor ended",
            hint: "see `kubectl tunnel list`, or restore it with `kubectl tunnel restore \(objects.names.service)`")
    }
}
