import FaultBench
import Foundation
import Session

/// Doing one fault to a running session.
struct Injection: Sendable {
    /// A fault that was done.
    struct Done: Sendable {
        /// Whose session it was done to, where it is not the laptop's.
        var who: String?
        /// When it was done, where something had to be made first.
        var begin: Double?
        var detail = ""
        /// For how long it lasts, and how it is undone; nothing for what is done at once.
        var seconds = 0.0
        var undo: (@Sendable () async -> Void)?
    }

    let lane: ChaosLane
    let session: ChaosSession
    /// How much, 0…1.
    let amount: Double

    private var shop: Shop { self.lane.shop }
    private var relay: FaultRelay { self.lane.network.relay }
    private var names: SessionNames { SessionNames(service: "web") }

    /// Does it; `nil` when there is nothing to do it to.
    func strike(_ kind: FaultKind) async throws -> Done? {
        switch kind {
        case .pluginKill, .pluginSleep, .apiChildKill, .apiChildPause, .forwardKill, .forwardPause, .proxyKill,
            .proxyPause:
            return await self.signal(kind)
        case .linkDelay, .linkJitter, .linkBlackHole, .linkReset, .linkBandwidth, .linkSlowClose:
            return self.badNetwork(kind)
        case .interrupt:
            self.session.plugin.send(SIGINT)
            return Done()
        case .terminate:
            self.session.plugin.send(SIGTERM)
            return Done()
        case .wrongClock:
            let offsets = [-86_400, -3600, 3600, 86_400]
            let offset = offsets[min(Int(self.amount * 4), 3)]
            await self.lane.nextClock(offset)
            self.session.plugin.send(SIGINT)
            return Done(detail: "the next session's clock is \(offset) s off")
        case .localRestart: return try await self.restartLocal()
        case .colleagueJoin, .colleagueLeave, .colleagueKill, .colleagueStream, .ruleChurn:
            return try await self.lane.strikeColleague(kind, amount: self.amount)
        case .kubeletKill, .kubeletPause, .serverKill, .serverPause: return nil
        default: return try await self.inCluster(kind)
        }
    }

    private func signal(_ kind: FaultKind) async -> Done? {
        let children = Descendants.of(self.session.plugin.pid).filter { !$0.command.contains("__guard") }
        let process: ProcessEntry? =
            switch kind {
            case .pluginKill, .pluginSleep: ProcessEntry(self.session.plugin.pid)
            case .apiChildKill, .apiChildPause: children.first { $0.command.contains(" proxy ") }
            case .forwardKill, .forwardPause: children.last { $0.command.contains(" port-forward ") }
            default:
                ProxyProcess.of(session: await ChaosSession.tunnel(self.shop) ?? self.session.tunnel)
            }
        guard let process else { return nil }
        let begin = monotonicSeconds()
        switch kind {
        case .pluginSleep:
            let factor = [0.5, 1.1, 3][min(Int(self.amount * 3), 2)]
            return self.pause(process, seconds: factor * Double(self.lane.lease))
        case .apiChildPause, .forwardPause: return self.pause(process, seconds: 1 + self.amount * 9)
        case .proxyPause: return self.pause(process, seconds: 0.3 + self.amount * 1.2)
        case .pluginKill:
            await self.lane.willKill()
            self.session.plugin.send(SIGKILL)
            await self.lane.killed(at: monotonicSeconds())
        default: kill(process.pid, SIGKILL)
        }
        return Done(begin: begin, detail: "\(process)")
    }

    private func pause(_ process: ProcessEntry, seconds: Double) -> Done {
        let begin = monotonicSeconds()
        kill(process.pid, SIGSTOP)
        return Done(begin: begin, detail: "\(process.pid) for \(seconds) s", seconds: seconds) {
            if process.isRunning { kill(process.pid, SIGCONT) }
        }
    }

    private func badNetwork(_ kind: FaultKind) -> Done? {
        let relay = self.relay
        var weather = FaultRelay.Weather()
        var seconds = 3 + self.amount * 3
        switch kind {
        case .linkReset:
            relay.reset()
            return Done()
        case .linkBlackHole:
            weather.isSilent = true
            seconds = 1 + self.amount * 12
        case .linkDelay: weather.delay = .milliseconds(Int(10 + self.amount * 190))
        case .linkJitter:
            weather.delay = .milliseconds(10)
            weather.jitter = .milliseconds(Int(10 + self.amount * 90))
        case .linkBandwidth: weather.bytesPerSecond = Int(200_000 + self.amount * 800_000)
        default:
            // A connection that breaks, of which the other side hears late.
            guard let forward = PortForwardChild(of: self.session.plugin.pid) else { return nil }
            weather.closeDelay = .seconds(2)
            relay.weather = weather
            kill(forward.process.pid, SIGKILL)
        }
        relay.weather = weather
        return Done(detail: "\(weather) for \(seconds) s", seconds: seconds) { relay.weather = FaultRelay.Weather() }
    }

    private func restartLocal() async throws -> Done {
        let local = await self.lane.local(of: self.session)
        local.process.send(SIGTERM)
        // It answers what it was asked first, streams too.
        _ = try await local.process.finish(within: 40)
        await self.lane.replaceLocal(
            try await LocalProcess.start(
                who: self.session.record.who, port: local.port, arrivals: self.lane.arrivals))
        return Done()
    }

    // MARK: In the cluster

    private func inCluster(_ kind: FaultKind) async throws -> Done? {
        let names = self.names
        switch kind {
        case .deleteLease: return try await self.delete("lease/\(names.lease(slot: 0))")
        case .deleteDeployment: return try await self.delete("deployment/\(names.deployment)")
        case .deleteOrigin: return try await self.delete("service/\(names.origin)")
        case .deleteWarmUp: return try await self.delete("service/\(names.warmUp)")
        case .deleteAccount: return try await self.delete("serviceaccount/\(names.account)")
        case .deletePod: return try await self.delete("pods", "-l", "kubectl-tunnel/component=proxy")
        case .forceDeletePod:
            return try await self.delete(
                "pods", "-l", "kubectl-tunnel/component=proxy", "--grace-period=0", "--force")
        case .deleteOriginalPod:
            let pods = try await self.persistently("get", "pods", "-l", "run=web", "-o", "name").split(separator: "\n")
            return try await self.delete(String(pods.first ?? ""))
        case .apply:
            try await self.persistently("apply", input: ChaosLane.service)
        case .serverSideApply:
            try await self.persistently("apply", "--server-side", "--force-conflicts", input: ChaosLane.service)
        case .rivalIntercept: return try await self.rival()
        case .takeOver: return try await self.lane.takeOver(self.session)
        case .stopForce:
            let result = try await self.shop.start(["stop", "web", "--force"], host: "colleague").finish(within: 60)
            await self.lane.note(
                History.CleanUp(words: "stop web --force", status: result.status, said: result.everything))
        default: return nil
        }
        return Done()
    }

    private func delete(_ words: String...) async throws -> Done? {
        let said = try await self.persistently(["delete", "--wait=false", "--ignore-not-found"] + words)
        return said.isEmpty ? nil : Done(detail: said.trimmingCharacters(in: .newlines))
    }

    /// A colleague who wants the Service, too, but whose local process does not answer.
    private func rival() async throws -> Done {
        let plugin = try self.shop.start(["intercept", "web", "--port", "2999:80", "--yes"], host: "rival")
        try? await eventually(within: 8, "refused") { !plugin.isRunning }
        plugin.send(SIGINT)
        let result = try await plugin.finish(within: 30)
        return Done(detail: result.error.trimmingCharacters(in: .newlines))
    }

    @discardableResult
    private func persistently(_ words: String..., input: String? = nil) async throws -> String {
        try await self.persistently(words, input: input)
    }

    /// kubectl in the namespace, also while another lane has the API server away.
    private func persistently(_ words: [String], input: String? = nil) async throws -> String {
        var words =
            [Lab.shared.kubectl, "--kubeconfig=\(Lab.shared.kubeconfig("admin"))", "-n", self.shop.namespace]
            + words
        if let input {
            let file = Lab.shared.folder.appendingPathComponent(UUID().uuidString + ".yaml")
            try input.write(to: file, atomically: true, encoding: .utf8)
            words += ["-f", file.path]
        }
        var result = try await run(words)
        for _ in 0..<40 where result.status != 0 {
            try await Task.sleep(for: .milliseconds(500))
            result = try await run(words)
        }
        guard result.status == 0 else { throw Missed(description: "\(words): \(result.error)") }
        return result.output
    }
}
