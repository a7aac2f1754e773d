import Kubernetes
import PluginConsole
import PluginSession
import Session
import SessionEffects
import Tunnel

extension InterceptSession {
    /// The Service was changed: by the session itself, by its proxy, or by another client, who always wins.
    func take(_ service: Service?) async -> SessionEnd? {
        guard self.change(service) != .none else { return nil }
        // What a watch tells may be old: the session itself writes the Service, too.
        let present: Service?
        do {
            present = try await self.client.find(.services, self.serviceName, in: self.namespace)
        } catch {
            // Looked at again when the watch starts again.
            return nil
        }
        if let end = self.end(ifDeleted: present) { return end }
        guard let present else { return nil }
        let name = "service/\(self.serviceName)"
        func by(_ writer: String?) -> String { writer.map { " (\($0))" } ?? "" }
        switch self.change(present) {
        case .none, .deleted: return nil
        case .reselected(let writer):
            return .displaced("another client\(by(writer)) changed the selector of \(name): it was left as it is")
        case .portsChanged(let writer):
            return .failed(
                PluginFailure(
                    "another client\(by(writer)) changed the ports of \(name): the intercept has ended",
                    hint: "start again to intercept it with its new ports"))
        case .unmarked(let writer):
            let isOriginal = present.selector == self.objects.service.selector
            let lease = try? await self.client.find(.leases, self.objects.names.lease, in: self.namespace)
            if let request = lease.flatMap(EndRequest.init) { return .requested(request) }
            let isRestored =
                !self.isSwitched || self.servingPod == nil
                || lease?.metadata.annotation(Key.state) == SessionState.terminating.rawValue
            if isOriginal, isRestored { return nil }
            if isOriginal, lease?.isExpired == true {
                return .failed(PluginFailure("the session has ended: lease/\(self.objects.names.lease) expired"))
            }
            if isOriginal, lease == nil {
                return .failed(PluginFailure("the session has ended: lease/\(self.objects.names.lease) was deleted"))
            }
            return .displaced("another client\(by(writer)) replaced \(name): it was left as it is")
        }
    }

    /// The end of a session whose Service is gone, or another of the same name by now; `nil` while it is there.
    func endOfDeletedService() async -> SessionEnd? {
        do {
            return self.end(ifDeleted: try await self.client.find(.services, self.serviceName, in: self.namespace))
        } catch {
            return nil
        }
    }

    private func end(ifDeleted present: Service?) -> SessionEnd? {
        let name = "service/\(self.serviceName)"
        guard let present else { return .displaced("\(name) was deleted") }
        guard present.metadata.uid != self.objects.service.metadata.uid else { return nil }
        return .displaced("\(name) was deleted and created again: the new one was left as it is")
    }

    private func change(_ service: Service?) -> ServiceChange {
        ServiceChange(
            service, prepared: self.objects.service, session: self.objects.holder.session, plan: self.objects.plan)
    }
}
