import FoundationEssentials
import Kubernetes
import Session
import SessionEffects
import Tunnel

/// An intercept that is ready to begin.
struct PreparedIntercept: Sendable {
    var objects: SessionObjects
    /// The session's key, whose public half the objects have.
    var key: TunnelKey
    var slices: ResourceType<EndpointSlice>
    var publishesNotReady: Bool
    /// Whether the controller does the writes: this user may not.
    var isControlled: Bool

    /// The cleanup of the session with these objects.
    func cleanup(_ client: KubernetesClient, _ objects: SessionObjects) -> SessionCleanup {
        SessionCleanup(
            client: client, namespace: objects.namespace, service: objects.names.service, tunnel: objects.tunnel,
            session: objects.holder.session, slices: self.slices)
    }

    /// The client that does its writes.
    func writes(
        _ client: KubernetesClient, _ objects: SessionObjects, _ request: InterceptRequest
    ) -> any SessionWriting {
        guard !self.isControlled else { return ControllerWrites(client: client, objects: objects) }
        return SessionWriter(
            client: client, objects: objects, cleanup: self.cleanup(client, objects),
            wantsNetworkPolicy: request.wantsNetworkPolicy)
    }

    /// The objects as YAML, and the patch behind them; the Services' addresses are not known yet.
    var dryRunText: String {
        var documents: [JSONValue] = []
        let lease = self.objects.lease(time: MicroTime.text(for: .now))
        if let data = try? JSONEncoder().encode(lease) {
            documents.append(JSONValue(text: String(decoding: data, as: UTF8.self)) ?? .null)
        }
        guard self.objects.tunnel == self.objects.holder.session else {
            return documents.map { "---\n" + $0.yaml }.joined() + "# it would join a tunnel that is there\n"
        }
        documents += [self.objects.origin(), self.objects.warmUp()]
        if self.objects.failsafe == .ownRole {
            documents += [
                self.objects.account(), self.objects.role(accountUID: "<uid>"),
                self.objects.roleBinding(accountUID: "<uid>"),
            ]
        }
        documents.append(self.objects.deployment(originHost: "<origin's address>"))
        let patch = SwitchPatch.make(
            self.objects.service, tunnel: self.objects.tunnel, names: self.objects.names,
            publishNotReady: self.publishesNotReady)
        let operations = (try? JSONEncoder().encode(patch)).map { String(decoding: $0, as: UTF8.self) } ?? ""
        let patchText = JSONValue(text: operations)?.yaml ?? ""
        let comment = "# JSON Patch of service/\(self.objects.service.metadata.name):\n"
        return documents.map { "---\n" + $0.yaml }.joined()
            + comment + patchText.split(separator: "\n").map { "#   \($0)" }.joined(separator: "\n")
    }
}
