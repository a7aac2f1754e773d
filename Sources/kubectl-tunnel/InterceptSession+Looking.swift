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

    /// Whether the API server answers within a second, and no other laptop has the proxy; the tunnel, by the same wire, gets a
    /// moment longer to answer, too.
    func lookAtAPI() async {
        let isSilent = await self.isSilentForAll()
        try? await Task.sleep(for: isSilent ? .milliseconds(200) : .seconds(1))
        guard !Task.isCancelled else { return }
        self.tell(.apiLooked(isSilent))
    }

    /// Says that the proxy does not answer, and sees whether it does so for others: then it is this laptop's own way to it
    /// that is at fault, and the Service is better off where it is.
    private func isSilentForAll() async -> Bool {
        let objects = self.objects
        let patch = Lease.annotation(Key.silent, "true", holder: objects.holder)
        self.saysSilence = true
        let lease = try? await self.client.patch(
            .leases, objects.leaseName, in: self.namespace, patch, timeoutSeconds: 1)
        guard lease != nil, let others = try? await self.cleanup.others() else { return false }
        return !others.contains(where: \.hasProxy)
    }

    func takeSilenceBack() async {
        guard self.saysSilence else { return }
        var patch = JSONPatch()
        patch.test("/spec/holderIdentity", .string(self.objects.holder.description))
        patch.remove(JSONPatch.annotation(Key.silent))
        // The mark itself may still be on its way.
        for _ in 0..<Self.silenceAttempts {
            let lease = try? await self.client.patch(.leases, self.objects.leaseName, in: self.namespace, patch)
            guard lease == nil, (try? await Task.sleep(for: .seconds(1))) != nil else { break }
        }
        self.saysSilence = false
    }

    private static let silenceAttempts = 5

    func lookForSilence() async {
        try? await Task.sleep(for: .milliseconds(ProxySilence.pauseMilliseconds))
        guard !Task.isCancelled else { return }
        self.tell(.silenceLooked(try? await self.client.find(.leases, self.objects.leaseName, in: self.namespace)))
    }

    func readService(_ writes: Int) async {
        let service = await self.readService()
        guard let leases = try? await self.cleanup.leases() else {
            return self.tell(.serviceRead(.init(writes: writes, service: .unknown, lease: nil, isShared: false)))
        }
        let (tunnel, session) = (self.objects.tunnel, self.objects.holder.session)
        let isShared = !leases.others(than: session, in: tunnel).isEmpty
        let lease = leases.first { $0.isHeld(by: session) }
        self.tell(.serviceRead(.init(writes: writes, service: service, lease: lease, isShared: isShared)))
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
