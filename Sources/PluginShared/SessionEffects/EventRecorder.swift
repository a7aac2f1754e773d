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

    /// Creates the Event, once: it is for people, and must not hold anything up. Not every user may.
    public func record(_ event: ServiceEvent, on service: Service) async {
        let object = event.object(
            on: service.metadata, namespace: self.namespace, time: MicroTime.text(for: .now),
            suffix: String(UInt64.random(in: .min ... .max), radix: 16))
        _ = try? await self.client.create(.events, object, in: self.namespace)
    }
}
