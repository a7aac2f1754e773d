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

    /// Restores the Service, while the session continues.
    func restore(_ cause: RestoreCause) async throws -> RestoreOutcome {
        try await self.write(.restore(cause)) ?? .untouched
    }

    /// Leaves the session's end to the proxy.
    ///
    /// - Returns: Whether the Lease says so.
    func handOver() async -> Bool {
        let holder = self.objects.holder
        let patch = EndRequest.handOver(by: holder.person).patch(holder: holder)
        let lease = try? await self.client.patch(.leases, self.objects.leaseName, in: self.namespace, patch)
        return lease != nil
    }

    /// Marks the Lease, and waits until it is gone, and the Deployment, too, unless others have it.
    func askProxyToEnd() async -> Bool {
        let (names, holder, name) = (self.objects.names, self.objects.holder, self.objects.leaseName)
        let clock = ContinuousClock()
        let deadline = clock.now + Self.proxyLimit
        var isMarked = false
        while clock.now < deadline, !Task.isCancelled {
            do throws(APIError) {
                let lease = try await self.client.find(.leases, name, in: self.namespace)
                let isOurs = lease.map { $0.holder == holder } ?? false
                if isOurs, !isMarked {
                    let patch = EndRequest.stop(by: holder.person).patch(holder: holder)
                    try await self.client.patch(.leases, name, in: self.namespace, patch)
                    isMarked = true
                }
                let deployment = try await self.client.find(.deployments, names.deployment, in: self.namespace)
                let isThere = deployment?.metadata.annotation(Key.session) == self.objects.tunnel.description
                if !isOurs, !isThere { return true }
                if !isOurs, try await !self.cleanup.others().isEmpty { return true }
            } catch {
                self.report.detail("not yet: \(error.message)")
            }
            try? await Task.sleep(for: .milliseconds(500))
        }
        return false
    }

    /// How long the proxy gets: it waits for the plugin (10 s) and for original pods (30 s), and drains (30 s).
    private static let proxyLimit = Duration.seconds(80)
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
