import Kubernetes
import PluginConsole
import PluginSession
import Session
import SessionEffects

extension InterceptSession {
    /// How long a Service may lead to a proxy that is not ready, as after the end of its container: the bound is 5 s.
    private static let proxyTimeout = Duration.seconds(3)
    /// The same beside a pod that ends: its proxy restores first of all, unless it was killed before it could.
    private static let endingProxyTimeout = Duration.milliseconds(500)
    private static let shortestPause = Duration.milliseconds(100)
    private static let longestPause = Duration.seconds(5)
    /// The same while the Service may lead to a proxy that is gone.
    private static let longestPauseSwitched = Duration.seconds(1)

    func reconnect(afterSilence: Bool) {
        guard self.reconnecting == nil else { return }
        self.reconnecting = Task {
            await self.bringBack(afterSilence)
            self.reconnecting = nil
        }
    }

    private func bringBack(_ afterSilence: Bool) async {
        let clock = ContinuousClock()
        let start = clock.now
        var recovery = Task { await self.restoreIfProxyIsSilent(afterSilence) }
        defer { recovery.cancel() }
        var pause = Self.shortestPause
        var connectedPod: String?
        while !Task.isCancelled {
            do {
                if let pod = try await self.proxyPod.readyOne() {
                    // A tunnel that is up carries requests, whatever the API server says: it is kept over attempts.
                    if self.tunnel == nil || pod != connectedPod {
                        await self.dropTunnel()
                        try await self.connect(to: pod)
                        connectedPod = pod
                    }
                    // Whatever it does is over before the Service is looked at.
                    recovery.cancel()
                    await recovery.value
                    await self.stopKeepingEndingPods()
                    try await self.write(.count(.ready))
                    try await self.checkReachability(pod)
                    // From here on it may be switched, even if the answer is lost.
                    self.isSwitched = true
                    try await self.switchService(to: pod)
                    // Nobody has acted upon an end of the tunnel in the meantime.
                    guard self.tunnel != nil else { throw PluginFailure("the tunnel was lost again") }
                    self.eventSource.yield(.reconnected)
                    return
                }
                if await self.endUnlessWanted() { return }
                let isAlone = try await self.proxyPod.isAlone()
                if clock.now - start >= (isAlone ? Self.proxyTimeout : Self.endingProxyTimeout) {
                    let cause = RestoreCause.proxyMissing(holder: self.objects.holder.person)
                    try await self.restoreMeanwhile(cause, "proxy-missing", "no proxy is ready")
                }
                pause = Self.shortestPause
            } catch {
                self.report.detail("not yet: \((error as? PluginFailure)?.summary ?? "\(error)")")
                pause = min(pause * 2, self.isSwitched ? Self.longestPauseSwitched : Self.longestPause)
                if recovery.isCancelled, self.tunnel == nil {
                    recovery = Task { await self.restoreIfProxyIsSilent(afterSilence) }
                }
            }
            try? await Task.sleep(for: pause * Double.random(in: 0.5...1))
        }
    }

    /// Closes a tunnel to a pod that is not the one: the next takes its place.
    private func dropTunnel() async {
        let tunnel = self.tunnel
        self.tunnel = nil
        self.tunnelNumber += 1
        await tunnel?.close()
    }

    /// Restores the Service when its proxy has not noticed either that the tunnel is lost: then it is gone, although a
    /// node whose kubelet is away still calls its pod ready.
    private func restoreIfProxyIsSilent(_ afterSilence: Bool) async {
        let pause = Duration.milliseconds(ProxySilence.pauseMilliseconds)
        var silence = ProxySilence(holder: self.objects.holder, afterSilence: afterSilence)
        while true {
            try? await Task.sleep(for: pause)
            guard !Task.isCancelled else { return }
            let lease = try? await self.client.find(.leases, self.objects.names.lease, in: self.namespace)
            if silence.observe(lease), !Task.isCancelled {
                let cause = RestoreCause.proxySilent(holder: self.objects.holder.person)
                try? await self.restoreMeanwhile(cause, "proxy-silent", "the proxy does not answer")
            }
        }
    }

    /// Ends the session when another client has deleted the proxy's Deployment.
    ///
    /// - Returns: Whether it does.
    @discardableResult
    func endUnlessWanted() async -> Bool {
        let name = self.objects.names.deployment
        do {
            guard try await self.client.find(.deployments, name, in: self.namespace) == nil else { return false }
            self.eventSource.yield(.objectDeleted("deployment/\(name)"))
            return true
        } catch {
            return false
        }
    }

    /// Restores the Service until a proxy is there again, and says why.
    private func restoreMeanwhile(_ cause: RestoreCause, _ event: String, _ reason: String) async throws {
        guard self.isSwitched else { return }
        // Before, or the watch shows it first, and it looks like another client's.
        self.isSwitched = false
        // It may be done even if the answer is lost, or comes late.
        self.servingPod = nil
        let outcome: RestoreOutcome
        do {
            outcome = try await self.restore(cause)
        } catch {
            self.isSwitched = true
            throw error
        }
        guard outcome == .restored else { return }
        self.report.event(event, "\(reason): service/\(self.serviceName) was restored meanwhile")
    }
}
