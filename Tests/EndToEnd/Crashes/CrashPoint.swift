import FaultBench
import Foundation

/// One run that crashes after one write, and what became of it.
struct CrashPoint: Sendable {
    /// Whose writes, in which part of a session's life.
    enum Scenario: String, CaseIterable, Sendable {
        /// The plugin, from its start to its end by Ctrl-C.
        case plugin
        /// The proxy, whose plugin was killed, and which ends the session.
        case proxy
        /// The proxy, whose pod is deleted while the plugin lives.
        case deletedPod
        /// The controller, from the plugin's start to its end by Ctrl-C.
        case controller
        /// The plugin that leaves all but Lease and Secret to a controller, as above.
        case controlledPlugin

        var actor: String {
            switch self {
            case .plugin, .controlledPlugin: "plugin"
            case .proxy, .deletedPod: "proxy"
            case .controller: "controller"
            }
        }

        var isControlled: Bool { self == .controller || self == .controlledPlugin }
    }

    /// Who has put everything in order.
    enum Recoverer: String, Sendable { case cluster, nextIntercept, restore }

    let scenario: Scenario
    let number: Int
    /// The write after which it crashed; `nil` when there were not so many.
    var write: String?
    var recoverer = Recoverer.cluster
    var violations: [Violation] = []

    /// The Lease's duration in seconds.
    static let lease = 5

    /// Runs one.
    static func run(_ scenario: Scenario, _ number: Int, hook: CrashHook, port: Int) async throws -> CrashPoint {
        var point = CrashPoint(scenario: scenario, number: number)
        try await Shop.with(deployments: [Shop.deployment(replicas: 1)]) { shop in
            if scenario.isControlled { try await shop.installController() }
            try await hook.watch(shop.namespace)
            try await shop.expect("cluster")
            let before = try await shop.serviceText()
            let local = try await LocalProcess.start(port: port)
            let observer = try Observer.start(shop.namespace)
            let load = try Load.start(.connectionPerRequest, target: "\(try await shop.address()):80", rate: 20)
            var history = History()
            history.lease = Double(Self.lease)
            let begin = monotonicSeconds()
            let plugin = try Self.intercept(shop, port: port, isControlled: scenario.isControlled)
            try await point.crash(plugin, shop, hook, history: &history)
            let crash = try hook.writes(in: shop.namespace).first(where: \.killed)
            point.write = crash?.write
            if let crash {
                try await point.watchRecovery(shop, before: before, plugin: plugin, crash: crash, history: &history)
                try await point.recover(shop, port: port, history: &history)
            }
            Self.interrupt(plugin, &history)
            _ = try await plugin.finish(within: 60)
            history.sessions.append(
                History.Session(identity: nil, who: "laptop", begin: begin, status: 0, wasKilled: true))
            _ = try await load.finish()
            history.end = monotonicSeconds()
            history.requests = try load.requests()
            try observer.add(to: &history)
            try await observer.stop()
            try await local.stop()
            point.violations = Checker.violations(in: history)
        }
        return point
    }

    private static func intercept(_ shop: Shop, port: Int, isControlled: Bool = false) throws -> Running {
        let words = ["intercept", "web", "--port", "\(port)", "--lease-duration", "\(Self.lease)", "--yes"]
        return isControlled ? try shop.start(words, user: "alice") : try shop.start(words + CrashHook.user)
    }

    private static func interrupt(_ plugin: Running, _ history: inout History) {
        guard plugin.isRunning else { return }
        history.faults.append(History.Fault(.interrupt, begin: monotonicSeconds()))
        plugin.send(SIGINT)
    }

    /// Lets the session live until it has crashed or has come to its end.
    private func crash(
        _ plugin: Running, _ shop: Shop, _ hook: CrashHook, history: inout History
    ) async throws {
        let namespace = shop.namespace
        func hasCrashed() throws -> Bool { try hook.writes(in: namespace).contains(where: \.killed) }
        func isReady() throws -> Bool { plugin.error.contains("now comes to") }
        if self.scenario.actor != "proxy" {
            try hook.crash(self.scenario.actor, after: self.number, pid: plugin.pid, in: namespace)
            try await eventually(within: 60, "ready: \(plugin.error)") {
                // Without its controller a session goes on.
                try isReady() || !plugin.isRunning || (self.scenario.actor == "plugin" && hasCrashed())
            }
            Self.interrupt(plugin, &history)
            try await eventually(within: 60, "ended: \(plugin.error)") { !plugin.isRunning }
            return
        }
        try await eventually(within: 60, "ready: \(plugin.error)") { try isReady() }
        let seen = try hook.writes(in: namespace).count { $0.actor == "proxy" }
        try hook.crash("proxy", after: seen + self.number, in: namespace)
        if self.scenario == .proxy {
            history.faults.append(History.Fault(.pluginKill, begin: monotonicSeconds()))
            plugin.send(SIGKILL)
            try await eventually(within: 60, "crashed or over") {
                if try hasCrashed() { return true }
                return try await shop.leftovers().isEmpty
            }
        } else {
            history.faults.append(History.Fault(.deletePod, begin: monotonicSeconds()))
            try await kubectl(
                "-n", namespace, "delete", "pod", "-l", "kubectl-tunnel/component=proxy", "--wait=false")
            try await eventually(within: 60, "crashed or back: \(plugin.error)") {
                try hasCrashed() || plugin.error.contains("tunnel is back")
            }
        }
    }

    /// Measures how long it takes until the Service is as before, and what is left a while later.
    private mutating func watchRecovery(
        _ shop: Shop, before: String, plugin: Running, crash: CrashHook.Write, history: inout History
    ) async throws {
        var limit = Double(Self.lease) + 5 + 1.5
        switch self.scenario {
        case .plugin, .controlledPlugin: history.faults.append(History.Fault(.pluginKill, begin: crash.time))
        case .proxy, .deletedPod: history.faults.append(History.Fault(.proxyKill, begin: crash.time))
        case .controller: limit = 60
        }
        if self.scenario == .proxy || self.scenario == .deletedPod {
            // The container restarts, and counts the Lease's duration from its beginning.
            limit += 5
        }
        if self.scenario == .deletedPod {
            try await eventually(within: 60, "the session goes on: \(plugin.error)") {
                if !plugin.isRunning { return true }
                return try await shop.who() == "laptop"
            }
            Self.interrupt(plugin, &history)
            _ = try await plugin.finish(within: 60)
            limit = 60
        }
        try? await eventually(within: limit + 10, "restored") { try await shop.serviceText() == before }
        let isRestored = try await shop.serviceText() == before
        history.crashes.append(
            History.Crash(
                actor: self.scenario.rawValue, write: "\(self.number): \(crash.write)",
                restoredAfter: isRestored ? monotonicSeconds() - crash.time : nil, limit: limit))
        try? await eventually(within: 12, "nothing is left") { try await shop.leftovers().isEmpty }
    }

    /// Where nobody in the cluster could, the next intercept cleans up, and so does `restore`.
    private mutating func recover(_ shop: Shop, port: Int, history: inout History) async throws {
        guard try await !shop.leftovers().isEmpty else { return }
        self.recoverer = self.number.isMultiple(of: 2) ? .restore : .nextIntercept
        let next: Running
        if self.recoverer == .restore {
            history.faults.append(History.Fault(.stopForce, begin: monotonicSeconds()))
            next = try shop.start(["restore", "web"])
        } else {
            next = try Self.intercept(shop, port: port)
            try await eventually(within: 60, "the next intercept is ready: \(next.error)") {
                !next.isRunning || next.error.contains("now comes to")
            }
            Self.interrupt(next, &history)
        }
        let result = try await next.finish(within: 60)
        if result.status != 0 { history.leftovers.append("\(self.recoverer.rawValue) failed: \(result.everything)") }
        try? await eventually(within: 20, "nothing is left") { try await shop.leftovers().isEmpty }
        history.leftovers += try await shop.leftovers().split(separator: "\n").map(String.init)
    }
}

extension CrashPoint {
    /// Runs one after the other, so many at once, until a run had no write left to crash after.
    static func all(
        _ scenario: Scenario, lanes: Int, every step: Int = 1, hook: CrashHook
    ) async throws -> [CrashPoint] {
        try await withThrowingTaskGroup(of: (Int, CrashPoint).self) { group in
            var points: [CrashPoint] = []
            var (next, isOver) = (1, false)
            func start(_ lane: Int) {
                let number = next
                next += step
                group.addTask { (lane, try await Self.run(scenario, number, hook: hook, port: 3050 + lane)) }
            }
            for lane in 0..<lanes { start(lane) }
            for try await (lane, point) in group {
                points.append(point)
                if point.write == nil { isOver = true }
                if !isOver { start(lane) }
            }
            return points.sorted { $0.number < $1.number }
        }
    }
}
