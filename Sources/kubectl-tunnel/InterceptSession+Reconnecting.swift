import Kubernetes
import PluginConsole
import PluginSession
import Session
import SessionEffects

extension InterceptSession {
    /// How long a Service may lead to a proxy that is not ready, as after the end of its container: the bound is 5 s.
    private static let proxyPatience = Duration.seconds(3)
    /// The same beside a pod that ends: its proxy restores first of all, unless it was killed before it could.
    private static let endingPatience = Duration.milliseconds(500)
    private static let shortestPause = Duration.milliseconds(100)
    private static let longestPause = Duration.seconds(5)

    func reconnect() {
        guard self.reconnecting == nil else { return }
        self.reconnecting = Task {
            await self.bringBack()
            self.reconnecting = nil
        }
    }

    private func bringBack() async {
        // A lost tunnel is no more: an end in the meantime has nothing to drain.
        let lost = self.carrier
        self.carrier = nil
        await lost?.close()
        let clock = ContinuousClock()
        let start = clock.now
        var pause = Self.shortestPause
        while !Task.isCancelled {
            do {
                if let pod = try await self.proxyPod.readyOne() {
                    try await self.connect(to: pod)
                    try await self.checkWays(pod)
                    try await self.switchService(to: pod)
                    self.isSwitched = true
                    self.eventSource.yield(.reconnected)
                    return
                }
                if await self.endUnlessWanted() { return }
                let isAlone = try await self.proxyPod.isAlone()
                if clock.now - start >= (isAlone ? Self.proxyPatience : Self.endingPatience) {
                    try await self.restoreMeanwhile()
                }
                pause = Self.shortestPause
            } catch {
                self.report.detail("not yet: \((error as? PluginFailure)?.summary ?? "\(error)")")
                pause = min(pause * 2, Self.longestPause)
            }
            try? await Task.sleep(for: pause * Double.random(in: 0.5...1))
        }
    }

    /// Ends the session when somebody has deleted the proxy's Deployment.
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

    /// Gives the Service back while no proxy pod is ready.
    private func restoreMeanwhile() async throws {
        guard self.isSwitched else { return }
        let outcome = try await self.undo.restoreService(.proxyMissing(holder: self.objects.holder.person))
        self.isSwitched = false
        guard outcome == .restored else { return }
        self.report.event(
            "proxy-missing", "no proxy is ready: service/\(self.serviceName) was restored meanwhile")
    }
}
