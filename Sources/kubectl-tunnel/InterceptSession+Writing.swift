import Kubernetes
import PluginConsole
import PluginSession
import Session
import SessionEffects

extension InterceptSession {
    /// - Throws: ``PluginFailure`` when it was not done.
    @discardableResult
    func write(_ write: SessionWrite) async throws -> RestoreOutcome? {
        do {
            return try await self.writes.perform(write)
        } catch let failure as WriteFailure {
            throw PluginFailure(failure)
        } catch {
            throw error
        }
    }

    /// Gives the Service back.
    func restore(_ cause: RestoreCause) async throws -> RestoreOutcome {
        try await self.write(.restore(cause)) ?? .untouched
    }

    /// Has the proxy end the session, which it does as soon as nobody is at the other end of its tunnel: for when the
    /// controller is away.
    ///
    /// - Returns: Whether it has.
    func leaveToProxy() async -> Bool {
        let (name, holder) = (self.objects.names.lease, self.objects.holder)
        let patch = EndRequest.stop(by: holder.person).patch(holder: holder)
        _ = try? await self.client.patch(.leases, name, in: self.namespace, patch)
        await self.carrier?.close()
        let clock = ContinuousClock()
        let deadline = clock.now + Self.proxyLimit
        while clock.now < deadline {
            if (try? await self.client.has(.leases, name, in: self.namespace)) == false {
                self.report.event("ended", "the proxy has ended the session, and what it created is deleted")
                return true
            }
            try? await Task.sleep(for: .milliseconds(500))
        }
        return false
    }

    /// How long the proxy gets: it waits for original pods (30 s) and drains (30 s).
    private static let proxyLimit = Duration.seconds(70)
}

extension PluginFailure {
    /// A write that was not done.
    init(_ failure: WriteFailure) {
        switch failure {
        case .api(let error, let action): self.init(error, action: action)
        case .refused(let refusal): self.init(refusal)
        }
    }
}
