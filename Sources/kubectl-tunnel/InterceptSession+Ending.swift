import Kubernetes
import PluginConsole
import PluginSession
import Session
import SessionEffects
import Tunnel

extension InterceptSession {
    func end(_ cause: RestoreCause, withOthers: Bool) async {
        let outcome = await self.persist("restore service/\(self.serviceName)") {
            try await self.write(.end(cause, withOthers: withOthers)) ?? .untouched
        }
        self.tell(.restored(outcome))
    }

    func leave() {
        self.tunnel?.end.send(control: ControlLine.leave.text)
        self.report.detail("waiting for this laptop's connections to become quiet")
    }

    func deleteLease() async {
        await self.closing?.value
        let isDone = await self.persist("leave the tunnel") { try await self.write(.leave) } != nil
        self.tell(.cleanedUp(isDone))
    }

    func drain() {
        self.tunnel?.end.send(control: ControlLine.drain.text)
        self.report.detail("waiting for open connections to become quiet")
    }

    func cleanUp(isDrained: Bool) async {
        await self.closing?.value
        let isDone = await self.persist("clean up") { try await self.write(.cleanUp(isDrained: isDrained)) } != nil
        self.tell(.cleanedUp(isDone))
    }

    /// Tries until it works, for as long as the cluster itself would take to restore; only once where a controller is asked.
    ///
    /// - Returns: `nil` when the time was up.
    private func persist<Value: Sendable>(_ action: String, _ body: () async throws -> Value) async -> Value? {
        let clock = ContinuousClock()
        let seconds = self.prepared.isControlled ? 0 : self.objects.leaseDurationSeconds + 10
        let deadline = clock.now + .seconds(seconds)
        while true {
            do {
                return try await body()
            } catch {
                guard clock.now < deadline else {
                    let rest =
                        self.objects.failsafe == .pluginOnly
                        ? "later, do it with `kubectl tunnel restore \(self.serviceName)`"
                        : "the cluster does it by itself"
                    self.report.event("cleanup", "could not \(action): \(error); \(rest)")
                    return nil
                }
                self.report.detail("could not \(action): \(error); trying again")
                try? await Task.sleep(for: .milliseconds(500))
            }
        }
    }
}
