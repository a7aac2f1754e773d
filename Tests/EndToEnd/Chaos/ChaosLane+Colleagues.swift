import FaultBench
import Foundation

/// Colleagues on the same Service: each has its other port, or the requests of one user beside the laptop that has all the rest.
extension ChaosLane {
    private static let claims = [
        History.Claim(port: 81), History.Claim(user: "alice"), History.Claim(user: "bob"),
    ]
    /// How long the streams last that go on while others leave, in seconds: less than a drain's 30.
    private static let streamSeconds = 20
    /// How often a rule comes and goes in a row.
    private static let churns = 3

    /// Does what a colleague does, and what needs one that is not there is preceded by one that joins.
    func strikeColleague(_ kind: FaultKind, amount: Double) async throws -> Injection.Done {
        switch kind {
        case .colleagueJoin: return try await self.someoneJoins(amount)
        case .colleagueLeave, .colleagueKill:
            guard let one = try await self.someone(amount) else { return self.inVain }
            let begin = kind == .colleagueKill ? self.kill(one) : self.tellToLeave(one)
            return Injection.Done(who: one.record.who, begin: begin, detail: "\(one.record.claim)") {
                await self.over(one, at: kind == .colleagueKill ? begin : nil)
            }
        case .colleagueStream: return try await self.stream(amount)
        default: return try await self.churn(amount)
        }
    }

    private var inVain: Injection.Done { Injection.Done(detail: "in vain: \(self.refusal.suffix(200))") }

    private var freeClaims: [History.Claim] {
        Self.claims.filter { claim in !self.colleagues.contains { $0.record.claim == claim } }
    }

    private func pick<Value>(_ values: [Value], _ amount: Double) -> Value? {
        values.isEmpty ? nil : values[min(Int(amount * Double(values.count)), values.count - 1)]
    }

    // MARK: Coming and going

    /// A colleague who is there, or comes now; `nil` when nobody could.
    private func someone(_ amount: Double) async throws -> ChaosSession? {
        if let one = self.pick(self.colleagues, amount) { return one }
        guard let claim = self.pick(Self.claims, amount) else { return nil }
        return try await self.noteJoin(claim)
    }

    private func someoneJoins(_ amount: Double) async throws -> Injection.Done {
        if self.freeClaims.isEmpty, let one = self.pick(self.colleagues, amount) { await self.noteLeave(one) }
        guard let claim = self.pick(self.freeClaims, amount) else { return self.inVain }
        let begin = monotonicSeconds()
        guard let one = try await self.join(claim) else { return self.inVain }
        return Injection.Done(who: one.record.who, begin: begin, detail: "\(claim)")
    }

    /// What a dead one had is free when its Lease has run out, and the API server may be away: it is tried for a while.
    private func join(_ claim: History.Claim) async throws -> ChaosSession? {
        let begin = monotonicSeconds()
        while monotonicSeconds() < begin + 30 {
            if let one = try await self.start(claim, network: nil) {
                self.colleagues.append(one)
                return one
            }
            try await Task.sleep(for: .milliseconds(300))
        }
        return nil
    }

    private func noteJoin(_ claim: History.Claim) async throws -> ChaosSession? {
        let begin = monotonicSeconds()
        guard let one = try await self.join(claim) else { return nil }
        self.note(.colleagueJoin, one, begin: begin)
        return one
    }

    private func noteLeave(_ one: ChaosSession) async {
        let begin = self.tellToLeave(one)
        await self.over(one)
        self.note(.colleagueLeave, one, begin: begin)
    }

    private func note(_ kind: FaultKind, _ one: ChaosSession, begin: Double) {
        var fault = History.Fault(
            kind, begin: begin, end: monotonicSeconds(), who: one.record.who, detail: "\(one.record.claim)")
        // How all got over it is seen when the driver has settled.
        fault.settled = nil
        self.history.faults.append(fault)
    }

    private func tellToLeave(_ one: ChaosSession) -> Double {
        self.colleagues.removeAll { $0 === one }
        one.plugin.send(SIGINT)
        return monotonicSeconds()
    }

    private func kill(_ one: ChaosSession) -> Double {
        self.colleagues.removeAll { $0 === one }
        one.plugin.send(SIGKILL)
        return monotonicSeconds()
    }

    /// Waits for a colleague's end, and writes it down.
    ///
    /// - Parameter killed: When it was killed; `nil` for one that ends as it should.
    func over(_ one: ChaosSession, at killed: Double? = nil) async {
        self.colleagues.removeAll { $0 === one }
        var isKilled = killed != nil
        if !isKilled {
            try? await eventually(within: 60, "\(one.record.who) ends") { !one.plugin.isRunning }
            if one.plugin.isRunning {
                self.history.leftovers.append("the plugin of \(one.record.who), a colleague's, which was to end")
                isKilled = true
                one.plugin.send(SIGKILL)
            }
        }
        let end = killed ?? monotonicSeconds()
        if let record = try? await one.ended(at: end, wasKilled: isKilled) {
            self.history.sessions.append(record)
        } else {
            self.history.leftovers.append("a process of \(one.record.who), a colleague's")
            var record = one.record
            (record.end, record.wasKilled) = (end, true)
            self.history.sessions.append(record)
        }
    }

    // MARK: What goes on meanwhile

    /// Two long answers, at a colleague's laptop and at whoever has the other port, and others who leave meanwhile.
    private func stream(_ amount: Double) async throws -> Injection.Done {
        guard let one = try await self.someone(amount) else { return self.inVain }
        let user = one.record.claim.user ?? "carol"
        let loads = try [(80, [user]), (81, [])].map { port, users in
            try Load.start(
                .stream, target: "\(self.address):\(port)", rate: 1, streamSeconds: Self.streamSeconds, users: users,
                seconds: 0.5)
        }
        self.streams += loads
        let begin = monotonicSeconds()
        // Whose claim the streams are not.
        var other = self.colleagues.first { $0 !== one }
        if other == nil, let claim = self.pick(self.freeClaims, amount) { other = try await self.noteJoin(claim) }
        if let other {
            await self.noteLeave(other)
            if let again = try await self.noteJoin(other.record.claim) {
                let killed = self.kill(again)
                await self.over(again, at: killed)
                self.note(.colleagueKill, again, begin: killed)
            }
        }
        return Injection.Done(begin: begin, detail: "of \(user) at \(one.record.who), and of port 81") {
            for load in loads { _ = try? await load.finish() }
        }
    }

    /// A rule comes and goes, again and again, beside the laptop that has all the rest.
    private func churn(_ amount: Double) async throws -> Injection.Done {
        guard let claim = self.pick(Self.claims.filter { $0.user != nil }, amount) else { return self.inVain }
        let begin = monotonicSeconds()
        if let one = self.colleagues.first(where: { $0.record.claim == claim }) { await self.noteLeave(one) }
        for _ in 0..<Self.churns {
            guard let one = try await self.noteJoin(claim) else { return self.inVain }
            await self.noteLeave(one)
        }
        return Injection.Done(begin: begin, detail: "\(claim)")
    }
}
