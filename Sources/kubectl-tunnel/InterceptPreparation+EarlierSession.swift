import FoundationEssentials
import Kubernetes
import PluginConsole
import PluginSession
import Session
import SessionEffects

extension InterceptPreparation {
    /// Refuses ports that another session has, unless they are to be taken over.
    ///
    /// - Parameter alsoDead: Whether a session for which no proxy answers counts, too: it is not going to recover.
    /// - Throws: ``PluginFailure`` naming who has them.
    func refuse(_ held: HeldService, _ wish: PortWish, alsoDead: Bool) async throws {
        for lease in try await held.rivals(for: wish) {
            if !alsoDead {
                if self.request.takesOver { return }
                guard let holder = lease.holder, !self.isOwnAndDead(holder) else { continue }
                if try await !held.hasReadyProxy(lease.tunnel ?? holder.session) { continue }
            }
            throw PluginFailure(held: lease, service: held.names.service, me: self.me)
        }
    }

    /// Whether a session is of this user on this machine, and its plugin has died: no user has to be asked.
    private func isOwnAndDead(_ holder: Holder) -> Bool {
        holder.person == self.me.person && self.locks.hasDied(holder.session)
    }

    /// Makes way for this session, if that can be done: of a living one, only when that was asked for. Those of a tunnel that
    /// can be joined, and have no port of it, are left alone.
    ///
    /// - Returns: The Service as it is now.
    /// - Throws: ``PluginFailure`` naming who has a port.
    func settleEarlierSessions(of found: Service, _ held: HeldService, _ wish: PortWish) async throws -> Service {
        let state = try await held.tunnel()
        let leases = try await held.leases()
        var isSettled = false
        for lease in leases {
            guard let obstacle = try await self.obstacle(lease, wish, state, held) else { continue }
            switch obstacle {
            case .rival: try await self.settle(held, lease)
            case .silent: try await self.settle(held, silent: lease)
            }
            isSettled = true
        }
        let service = isSettled ? try await self.service() : found
        // A tunnel that ended without a cleanup, and whose Leases are gone.
        guard let tunnel = try await self.deadTunnel(service, held) else { return service }
        let outcome = try await held.recover(tunnel, tunnel, .recovered(by: self.me.person))
        if let failure = PluginFailure(outcome, service: self.request.service) { throw failure }
        self.report.event("recovered", "restored what a dead session had left of service/\(self.request.service)")
        return try await self.service()
    }

    /// What stands in the way of a session.
    private enum Obstacle {
        /// A session that has what this one wants, or cannot be told from one.
        case rival
        /// A session of a tunnel that has no proxy, and may never get one.
        case silent
    }

    private func obstacle(
        _ lease: Lease, _ wish: PortWish, _ state: TunnelState, _ held: HeldService
    ) async throws -> Obstacle? {
        let isRival = lease.rivals(wish)
        if case .living(let tunnel, .some) = state, lease.tunnel == tunnel, let holder = lease.holder {
            if try await held.hasReadyProxy(tunnel) {
                // From a living tunnel ports are taken over by joining it, which leaves it as it is.
                return isRival && (self.isOwnAndDead(holder) || !self.request.takesOver) ? .rival : nil
            }
            return isRival ? .rival : try await held.hasMoved(lease, within: Self.moveTimeout) ? nil : .silent
        }
        if isRival || lease.isHandedOver { return .rival }
        return try await held.hasMoved(lease, within: Self.moveTimeout) ? nil : .silent
    }

    /// How long a session may take to get on with its tunnel before it is watched.
    private static let moveTimeout = Duration.seconds(5)

    /// One that lives gets there; a dead one's tunnel is cleaned up, since nobody could join it.
    private func settle(_ held: HeldService, silent lease: Lease) async throws {
        guard let holder = lease.holder else { return }
        self.report.event(
            "watching",
            "the tunnel of \(holder.person) on service/\(held.names.service) has no proxy: watching its lease for \(lease.seconds) s"
        )
        guard try await held.isAbandoned(lease) else { return }
        try await self.recover(held, lease, holder)
        self.report.event("recovered", "cleaned up what the dead session of \(holder.person) had left")
    }

    /// A tunnel whose objects are there, and none of whose sessions.
    private func deadTunnel(_ service: Service, _ held: HeldService) async throws -> SessionID? {
        var tunnels = [service.markedTunnel].compactMap { $0 }
        switch try await held.tunnel() {
        case .living(let tunnel, _), .ending(let tunnel, _): tunnels.append(tunnel)
        case .none: break
        }
        guard !tunnels.isEmpty else { return nil }
        let leases = try await held.leases()
        return tunnels.first { tunnel in !leases.contains { $0.tunnel == tunnel } }
    }

    /// A session has what this one wants: taken over when that was asked for, and otherwise cleaned up after its Lease was seen
    /// not to change for its whole duration.
    private func settle(_ held: HeldService, _ lease: Lease) async throws {
        let refusal = PluginFailure(held: lease, service: held.names.service, me: self.me)
        let (name, service) = (lease.metadata.name, "service/\(held.names.service)")
        guard let holder = lease.holder else {
            if !self.request.takesOver {
                self.report.event("watching", "lease/\(name) names no session: watching it for \(lease.seconds) s")
                guard try await held.isAbandoned(lease) else { throw refusal }
            }
            try await held.delete(malformed: lease)
            return self.report.event("recovered", "deleted lease/\(name), which named no session")
        }
        if lease.isHandedOver {
            // Its proxy gets to end what still passes through it as any pod that is deleted.
            try await self.recover(held, lease, holder)
            return self.report.event("recovered", "the session of \(holder.person) was over: its proxy ends now")
        }
        if self.isOwnAndDead(holder) {
            self.report.event(
                "taking-over", "taking \(service) over from your own session, which has died on this machine")
            _ = try await held.end(lease, of: holder, .takeOver(by: self.me.person), insists: false, drains: true)
            return self.locks.remove(holder.session)
        }
        if self.request.takesOver { return try await held.takeOver(lease, of: holder, by: self.me, self.report) }
        self.report.event(
            "watching", "\(holder.person) has a lease on \(service), but no proxy: watching it for \(lease.seconds) s")
        guard try await held.isAbandoned(lease) else { throw refusal }
        try await self.recover(held, lease, holder)
        self.report.event("recovered", "cleaned up what the dead session of \(holder.person) had left")
    }

    private func recover(_ held: HeldService, _ lease: Lease, _ holder: Holder) async throws {
        let outcome = try await held.recover(
            lease.tunnel ?? holder.session, holder.session, .recovered(by: self.me.person))
        if let failure = PluginFailure(outcome, service: held.names.service) { throw failure }
    }
}

extension Lease {
    /// How long its holder may be silent.
    fileprivate var seconds: Int { self.spec.leaseDurationSeconds ?? LeaseClock.usualSeconds }
}

extension PluginFailure {
    /// The Service is intercepted already: who, and what to do.
    ///
    /// - Parameter me: The user who wants it.
    init(held lease: Lease, service: String, me: Holder) {
        if let holder = lease.malformedHolder {
            self.init(
                "lease/\(lease.metadata.name) is malformed: its holder is \"\(holder)\", which names no session",
                hint: "it is deleted by `kubectl tunnel stop \(service) --force`, or by --take-over")
            return
        }
        let record = LeaseRecord(lease)
        let isOwn = record?.holder.person == me.person
        let person = isOwn ? "you, on this machine" : record?.holder.person ?? "another user"
        let since = (record?.since).flatMap(MicroTime.date(from:)).map {
            ", since \(Age.text(seconds: Int(Date.now.timeIntervalSince($0))))"
        }
        self.init(
            "service/\(service) is intercepted by \(person)\(since ?? "")",
            hint: isOwn
                ? "end that one, or take it over with --take-over"
                : "ask them to end it, or take it over with --take-over")
    }
}
