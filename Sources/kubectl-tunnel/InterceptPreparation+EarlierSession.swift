import FoundationEssentials
import Kubernetes
import PluginConsole
import PluginSession
import Session
import SessionEffects

extension InterceptPreparation {
    /// Refuses a Service that is intercepted already, unless it is to be taken over.
    ///
    /// - Parameter alsoDead: Whether a session for which no proxy answers counts, too: it is not going to recover.
    /// - Throws: ``PluginFailure`` naming who has the Service.
    func refuse(_ held: HeldService, alsoDead: Bool) async throws {
        guard let lease = try await held.lease(), !lease.isHandedOver else { return }
        if !alsoDead {
            if self.request.takesOver { return }
            guard let holder = lease.holder, !self.isOwnAndDead(holder) else { return }
            if try await !held.hasReadyProxy(holder.session) { return }
        }
        throw PluginFailure(held: lease, service: held.names.service, me: self.me)
    }

    /// Whether a session is of this user on this machine, and its plugin has died: no user has to be asked.
    private func isOwnAndDead(_ holder: Holder) -> Bool {
        holder.person == self.me.person && self.locks.hasDied(holder.session)
    }

    /// Makes way for this session, if that can be done: of a living one, only when that was asked for.
    ///
    /// - Returns: The Service as it is now.
    /// - Throws: ``PluginFailure`` naming who has the Service.
    func settleEarlierSession(of found: Service, _ held: HeldService) async throws -> Service {
        var service = found
        if let lease = try await held.lease() {
            try await self.settle(held, lease)
            service = try await self.service()
        }
        // A session that ended without a cleanup, and whose Lease is gone.
        guard let session = service.markedSession else { return service }
        let outcome = try await held.recover(session, .recovered(by: self.me.person))
        if let failure = PluginFailure(outcome, service: self.request.service) { throw failure }
        self.report.event("recovered", "restored what a dead session had left of service/\(self.request.service)")
        return try await self.service()
    }

    /// The Service is intercepted already: taken over when that was asked for, and otherwise cleaned up after their Lease was seen
    /// not to change for its whole duration.
    private func settle(_ held: HeldService, _ lease: Lease) async throws {
        let refusal = PluginFailure(held: lease, service: held.names.service, me: self.me)
        let service = "service/\(held.names.service)"
        guard let holder = lease.holder else {
            if !self.request.takesOver {
                self.report.event(
                    "watching", "lease/\(held.names.lease) names no session: watching it for \(lease.seconds) s")
                guard try await held.isAbandoned(lease) else { throw refusal }
            }
            try await held.delete(malformed: lease)
            return self.report.event("recovered", "deleted lease/\(held.names.lease), which named no session")
        }
        if lease.isHandedOver {
            // Its proxy gets to end what still passes through it as any pod that is deleted.
            try await self.recover(held, holder)
            return self.report.event("recovered", "the session of \(holder.person) was over: its proxy ends now")
        }
        let isOwn = self.isOwnAndDead(holder)
        if self.request.takesOver || isOwn {
            let whom = isOwn ? "your own session, which has died on this machine" : holder.person
            self.report.event("taking-over", "taking \(service) over from \(whom)")
            _ = try await held.end(lease, of: holder, .takeOver(by: self.me.person), insists: false, drains: true)
            if isOwn { self.locks.remove(holder.session) }
            return
        }
        self.report.event(
            "watching", "\(holder.person) has a lease on \(service), but no proxy: watching it for \(lease.seconds) s")
        guard try await held.isAbandoned(lease) else { throw refusal }
        try await self.recover(held, holder)
        self.report.event("recovered", "cleaned up what the dead session of \(holder.person) had left")
    }

    private func recover(_ held: HeldService, _ holder: Holder) async throws {
        let outcome = try await held.recover(holder.session, .recovered(by: self.me.person))
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
