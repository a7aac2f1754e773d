import FaultBench
import Foundation

/// One Service under load, a laptop that intercepts a port of it, colleagues who come and go, and a schedule of faults.
actor ChaosLane {
    let number: Int
    let schedule: Schedule
    let cluster: ClusterFaults
    let network: BadNetwork
    let shop: Shop
    /// The Lease's duration in seconds: the shortest.
    let lease = 5
    /// What came to laptops' local processes.
    let arrivals = Lab.shared.folder.appendingPathComponent(UUID().uuidString + ".arrivals")

    /// The Service: laptops take its first port, and colleagues the other one, or the requests of a user on the first.
    static let service = Shop.service.replacingOccurrences(
        of: "targetPort: 8080}]", with: "targetPort: 8080}, {name: admin, port: 81, targetPort: 8081}]")
    /// Whose requests come to the first port.
    static let users = ["alice", "bob", "carol"]

    var history = History()
    private(set) var session: ChaosSession?
    /// Those of colleagues who have not been told to leave.
    var colleagues: [ChaosSession] = []
    /// Clients that a fault has brought.
    var streams: [Load] = []
    private(set) var address = ""
    private var fresh: Load?
    private var freshAtOther: Load?
    private var sessions = 0
    private var sessionWasKilled = false
    /// How wrong the next session's clock is, in seconds.
    private var clockOffset = 0
    /// Faults that last, each ended by its own task.
    private var lasting: [Task<Void, Never>] = []
    /// Everything that ran on the laptop.
    private var laptopProcesses: [ProcessEntry] = []
    private var restartedLocal: LocalProcess?
    /// What the last plugin said that did not come as far as the Service.
    private(set) var refusal = ""

    /// The requests of all clients together, per second.
    private let rate: Double

    init(_ schedule: Schedule, number: Int, rate: Double, cluster: ClusterFaults, shop: Shop) throws {
        self.schedule = schedule
        self.number = number
        self.rate = rate
        self.cluster = cluster
        self.shop = shop
        self.network = try BadNetwork()
        self.history.seed = schedule.seed
        self.history.lease = Double(self.lease)
    }

    /// Runs a seed in a namespace of its own.
    static func run(
        _ schedule: Schedule, number: Int = 0, rate: Double = 200, cluster: ClusterFaults
    ) async throws -> History {
        try await cluster.enter()
        var isQuiet = true
        let result: Result<History, any Error>
        do {
            var history = History()
            let deployment = Shop.deployment(ports: "8080,8081", replicas: 2)
            try await Shop.with(service: Self.service, deployments: [deployment]) { shop in
                let lane = try ChaosLane(schedule, number: number, rate: rate, cluster: cluster, shop: shop)
                try await shop.makeBystander(of: Self.service)
                for port in [80, 81] { try await shop.expect("cluster", port: port) }
                let address = try await shop.address()
                await cluster.leave()
                isQuiet = false
                history = try await lane.run(at: address)
                try await cluster.enter()
                isQuiet = true
            }
            result = .success(history)
        } catch {
            result = .failure(error)
        }
        if isQuiet { await cluster.leave() }
        return try result.get()
    }

    /// The clients: of three users at the first port, of nobody in particular at the other.
    ///
    /// One of HTTP/2 belongs here, with a mode of its own.
    private func clients() throws -> [Load] {
        let fresh = try self.client(.connectionPerRequest, share: 0.75)
        let freshAtOther = try self.client(.connectionPerRequest, port: 81, share: 0.08)
        (self.fresh, self.freshAtOther) = (fresh, freshAtOther)
        return [
            fresh, freshAtOther,
            // So slow that its connections are quiet for a second in between, and a drain is short.
            try self.client(.keepAlivePool, share: 0.07), try self.client(.keepAlivePool, port: 81, share: 0.03),
            try self.client(.echo, share: 0.07),
            try Load.start(.stream, target: "\(self.address):80", rate: 0.5, streamSeconds: 4, users: Self.users),
        ]
    }

    private func client(_ mode: Load.Mode, port: Int = 80, share: Double) throws -> Load {
        try Load.start(
            mode, target: "\(self.address):\(port)", rate: self.rate * share, users: port == 80 ? Self.users : [])
    }

    private func run(at address: String) async throws -> History {
        self.address = address
        let begin = monotonicSeconds()
        let observer = try Observer.start(self.shop.namespace)
        var loads = try self.clients()
        try await loads[0].expect("cluster")
        let zero = monotonicSeconds()
        try await self.settle()
        for step in self.schedule.steps {
            let wait = zero + step.time - monotonicSeconds()
            if wait > 0 { try await Task.sleep(for: .seconds(wait)) }
            if step.waits { try await self.settle() }
            while try await !self.strike(step) { try await self.settle() }
        }
        try await self.settle()
        try await self.cleanUp()
        loads += self.streams
        for load in loads { _ = try await load.finish() }
        self.history.end = monotonicSeconds()
        try await observer.stop()
        for load in loads { self.history.requests += try load.requests() }
        self.history.arrivals = try History.Arrival.all(in: self.arrivals, at: address)
        try observer.add(to: &self.history)
        self.history.faults += await self.cluster.others(than: self.number, since: begin)
        self.network.relay.stop()
        return self.history
    }

    private func strike(_ step: Schedule.Step) async throws -> Bool {
        if step.kind.isClusterWide {
            let index = self.history.faults.count
            self.history.faults.append(History.Fault(step.kind, begin: monotonicSeconds()))
            let fault = try await self.cluster.strike(step.kind, amount: step.amount, lane: self.number)
            self.history.faults[index] = fault
            return true
        }
        guard let session = self.session, session.plugin.isRunning else { return false }
        let injection = Injection(lane: self, session: session, amount: step.amount)
        let index = self.history.faults.count
        var fault = History.Fault(step.kind, begin: monotonicSeconds())
        fault.settled = nil
        self.history.faults.append(fault)
        guard let after = try await injection.strike(step.kind) else {
            self.history.faults.removeLast()
            return false
        }
        self.history.faults[index].detail = after.detail
        self.history.faults[index].who = after.who ?? (step.kind.strikesLaptop ? session.record.who : nil)
        if let done = after.begin { self.history.faults[index].begin = done }
        self.history.faults[index].end = monotonicSeconds()
        if let undo = after.undo {
            // Until it is over, it lasts.
            self.history.faults[index].end = .infinity
            self.lasting.append(
                Task {
                    try? await Task.sleep(for: .seconds(after.seconds))
                    await undo()
                    self.over(index)
                })
        }
        return true
    }

    private func over(_ index: Int) { self.history.faults[index].end = monotonicSeconds() }

    // MARK: What faults do to the driver

    func willKill() { self.sessionWasKilled = true }
    func nextClock(_ offset: Int) { self.clockOffset = offset }
    func note(_ cleanUp: History.CleanUp) { self.history.cleanUps.append(cleanUp) }

    /// The local process, which may have been restarted.
    func local(of session: ChaosSession) -> LocalProcess { self.restartedLocal ?? session.local }
    func replaceLocal(_ local: LocalProcess) { self.restartedLocal = local }

    // MARK: Getting over a fault

    /// Waits until a session's laptop answers, with a new session if need be.
    private func settle() async throws {
        for task in self.lasting { await task.value }
        self.lasting = []
        let begin = monotonicSeconds()
        var gaveUp = false
        while true {
            let waited = monotonicSeconds() - max(begin, await self.cluster.lastEnd)
            if let session, !session.plugin.isRunning { try await self.sessionEnded(session) }
            for colleague in self.colleagues where !colleague.plugin.isRunning { await self.over(colleague) }
            if self.session == nil { try await self.begin() }
            if self.isSettled { break }
            if let session, !gaveUp, waited > Checker.recovery {
                // The checker will say so; the rest of the schedule goes on.
                gaveUp = true
                for session in [session] + self.colleagues {
                    session.plugin.send(SIGINT)
                    self.history.faults.append(
                        History.Fault(
                            session === self.session ? .interrupt : .colleagueLeave, begin: monotonicSeconds(),
                            who: session.record.who, detail: "by the driver: it does not go on"))
                }
            }
            guard waited < 2 * Checker.recovery else {
                throw Missed(
                    description:
                        "seed \(self.schedule.seed): no session answers after \(self.history.faults.suffix(3)): "
                        + "\(self.session?.plugin.error ?? self.refusal) \(self.fresh?.lastAnswers(6) ?? []) "
                        + "\(self.freshAtOther?.recent(3) ?? []), colleagues \(self.colleagues.map(\.record))")
            }
            try await Task.sleep(for: .milliseconds(50))
        }
        guard !gaveUp else { return }
        let now = monotonicSeconds()
        for index in self.history.faults.indices where self.history.faults[index].settled == nil {
            self.history.faults[index].settled = now
        }
    }

    /// Whether everything goes where it belongs: to the laptop, to colleagues, to the originals.
    private var isSettled: Bool {
        guard let session, let fresh, let freshAtOther else { return false }
        func isAt(_ answers: [(user: String?, who: String?)], port: Int, user: String?) -> Bool {
            let colleague = self.colleagues.first { $0.record.claim.covers(port: port, user: user) }
            let who = colleague?.record.who ?? (port == 80 ? session.record.who : "cluster")
            return !answers.isEmpty && answers.allSatisfy { $0.who == who }
        }
        let last = fresh.lastAnswers(24)
        return last.count == 24
            && Self.users.allSatisfy { user in isAt(last.filter { $0.user == user }, port: 80, user: user) }
            && isAt(freshAtOther.lastAnswers(3), port: 81, user: nil)
    }

    /// Starts the plugin of another laptop.
    func start(
        _ claim: History.Claim = History.Claim(), network: BadNetwork?, offset: Int = 0, words: [String] = []
    ) async throws -> ChaosSession? {
        self.sessions += 1
        let (session, record) = try await ChaosSession.start(
            self.shop, number: self.sessions, claim: claim, port: 3000 + self.number * 1000 + self.sessions,
            lease: self.lease, arrivals: self.arrivals, network: network, offset: offset, words: words)
        if let session {
            self.laptopProcesses += session.children
        } else {
            self.refusal = record.said
            self.history.failedStarts.append(record)
        }
        return session
    }

    private func begin() async throws {
        self.sessionWasKilled = false
        self.restartedLocal = nil
        let session = try await self.start(network: self.network, offset: self.clockOffset)
        if let session {
            self.session = session
            self.clockOffset = 0
        } else {
            // The dead one's Lease has to run out first, or the API server is away.
            try await Task.sleep(for: .milliseconds(300))
        }
    }

    /// Another laptop takes the Service over; `nil` when it does not get it.
    func takeOver(_ old: ChaosSession) async throws -> Injection.Done? {
        for task in self.lasting { await task.value }
        self.lasting = []
        guard let new = try await self.start(network: self.network, words: ["--take-over"]) else {
            // The other may have been told to end before.
            let isTold = (old.plugin.output + old.plugin.error).contains("taken over")
            return isTold ? Injection.Done(detail: "in vain: \(self.refusal.suffix(200))") : nil
        }
        try? await eventually(within: 30, "the other has ended") { !old.plugin.isRunning }
        if old.plugin.isRunning {
            self.history.leftovers.append("the plugin of \(old.record.who), whose Service was taken over")
            self.sessionWasKilled = true
            old.plugin.send(SIGKILL)
        }
        try await self.sessionEnded(old)
        self.session = new
        self.sessionWasKilled = false
        self.restartedLocal = nil
        return Injection.Done(detail: "by \(new.record.who)")
    }

    private func sessionEnded(_ session: ChaosSession) async throws {
        self.session = nil
        let record = try await session.ended(
            at: self.killedAt ?? monotonicSeconds(), wasKilled: self.sessionWasKilled)
        self.killedAt = nil
        if let restartedLocal { try await restartedLocal.stop() }
        self.history.sessions.append(record)
    }

    private var killedAt: Double?
    func killed(at time: Double) { self.killedAt = time }

    // MARK: The end

    /// The last session is stopped by two at once, each of whom needs an API server.
    private func stopTwice() async throws -> [History.CleanUp] {
        let shop = self.shop
        let result: Result<[History.CleanUp], any Error>
        try await self.cluster.enter()
        do {
            async let first = Self.stop(shop)
            async let second = Self.stop(shop)
            result = .success(try await [first, second])
        } catch {
            result = .failure(error)
        }
        await self.cluster.leave()
        return try result.get()
    }

    private static func stop(_ shop: Shop) async throws -> History.CleanUp {
        let words = ["stop", "web", "--force"]
        let result = try await shop.start(words, host: "colleague").finish(within: 60)
        return History.CleanUp(words: words.joined(separator: " "), status: result.status, said: result.everything)
    }

    /// Ends the last session, and looks at what is left.
    private func cleanUp() async throws {
        let shop = self.shop
        self.history.faults.append(History.Fault(.stopForce, begin: monotonicSeconds(), detail: "the end"))
        self.history.cleanUps += try await self.stopTwice()
        if let session {
            _ = try? await session.plugin.finish(within: 60)
            if session.plugin.isRunning {
                self.history.leftovers.append("the plugin of \(session.record.who), which was stopped")
                self.sessionWasKilled = true
                session.plugin.send(SIGKILL)
            }
            try await self.sessionEnded(session)
        }
        for colleague in self.colleagues { await self.over(colleague) }
        var left: [String] = []
        try? await eventually(within: 150, "nothing is left") {
            left = (try? await shop.leftovers())?.split(separator: "\n").map(String.init) ?? ["unknown"]
            return left.isEmpty
        }
        if !left.isEmpty {
            // Whose they are, while they are there.
            tell("left over, to the garbage collector or by us:\n\((try? await shop.owners()) ?? "")")
            let garbage = (try? await shop.garbage()) ?? []
            left.removeAll(where: garbage.contains)
        }
        let processes = self.laptopProcesses.filter(\.isRunning).map { "process \($0)" }
        self.history.leftovers += left + processes
    }
}
