import Kubernetes
import PluginConsole
import PluginSession
import Session
import SessionEffects

extension InterceptSession {
    /// Looks for a pod to switch to.
    func look() async throws -> LaptopSession.Event {
        if let pod = try await self.proxyPod.readyOne() { return .looked(.ready(pod: pod)) }
        if let loss = try await self.lossOfProxy() { return .lost(loss) }
        return .looked(.notReady(isAlone: try await self.proxyPod.isAlone()))
    }

    /// The proxy's Deployment, when another client has deleted it: nobody wants the session any more.
    func lossOfProxy() async throws(APIError) -> LaptopSession.Loss? {
        let name = self.objects.names.deployment
        let isThere = try await self.client.find(.deployments, name, in: self.namespace) != nil
        return isThere ? nil : .object("deployment/\(name)")
    }

    /// Whether the API server answers within a second; the tunnel, by the same wire, gets a moment longer to do so, too.
    func lookAtAPI() async {
        let answer = try? await self.client.find(
            .leases, self.objects.names.lease, in: self.namespace, timeoutSeconds: 1)
        try? await Task.sleep(for: answer == nil ? .seconds(1) : .milliseconds(200))
        guard !Task.isCancelled else { return }
        self.tell(.apiLooked(answer != nil))
    }

    func lookForSilence() async {
        try? await Task.sleep(for: .milliseconds(ProxySilence.pauseMilliseconds))
        guard !Task.isCancelled else { return }
        self.tell(.silenceLooked(try? await self.client.find(.leases, self.objects.names.lease, in: self.namespace)))
    }

    func readService(_ writes: Int) async {
        let service = await self.readService()
        let lease = try? await self.client.find(.leases, self.objects.names.lease, in: self.namespace)
        self.tell(.serviceRead(.init(writes: writes, service: service, lease: lease)))
    }

    func inspect(_ loss: LaptopSession.Loss) async {
        let service = await self.readService()
        var originIsBack = false
        if case .object = loss { originIsBack = await self.bringOriginBack() }
        self.tell(.inspected(loss, service, originIsBack: originIsBack))
    }

    private func readService() async -> LaptopSession.ServiceLook {
        do {
            return .read(try await self.client.find(.services, self.serviceName, in: self.namespace))
        } catch {
            return .unknown
        }
    }

    /// Creates a deleted origin Service again under its address: while the session comes to its end, that leads to the
    /// original pods.
    ///
    /// - Returns: Whether it was gone, and is there again.
    private func bringOriginBack() async -> Bool {
        let origin = self.objects.names.origin
        guard (try? await self.client.has(.services, origin, in: self.namespace)) == false else { return false }
        do {
            try await self.write(.bringOriginBack)
            return true
        } catch {
            self.report.detail("service/\(origin) stays away: \(error)")
            return false
        }
    }
}
