import FoundationEssentials
public import Kubernetes
public import Session

/// Where people see what becomes of a Service: its Events.
public struct EventRecorder: Sendable {
    private let client: KubernetesClient
    private let namespace: String

    /// The Events of a namespace.
    public init(client: KubernetesClient, namespace: String) {
        self.client = client
        self.namespace = namespace
    }

    /// Posts a notice, once: it is for people, and must not hold anything up. Not everybody may.
    public func post(_ notice: ServiceEvent, on service: Service) async {
        let event = notice.event(
            on: service.metadata, namespace: self.namespace, time: MicroTime.text(for: .now),
            suffix: String(UInt64.random(in: .min ... .max), radix: 16))
        _ = try? await self.client.create(.events, event, in: self.namespace)
    }
}
