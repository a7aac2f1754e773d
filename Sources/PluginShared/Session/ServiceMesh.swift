public import Kubernetes

/// A service mesh that works by a sidecar in each pod, known by its container's name.
public enum ServiceMesh: String, Sendable, CaseIterable {
    case istio = "Istio"
    case linkerd = "Linkerd"
    case kuma = "Kuma"
    case consul = "Consul"

    /// The name that the mesh's injector gives its container.
    private var container: String {
        switch self {
        case .istio: "istio-proxy"
        case .linkerd: "linkerd-proxy"
        case .kuma: "kuma-sidecar"
        case .consul: "consul-dataplane"
        }
    }

    /// The meshes whose sidecars these pods have, native ones (init containers that keep running, since 1.28) too.
    public static func meshes(in pods: [Pod]) -> [ServiceMesh] {
        let names = Set(
            pods.compactMap(\.spec).flatMap { $0.containers + ($0.initContainers ?? []) }.map(\.name))
        return Self.allCases.filter { names.contains($0.container) }
    }

    /// Why a Service whose pods have sidecars is not intercepted: the proxy has none, so that where mutual TLS is strict
    /// pods refuse what the proxy passes on, and callers refuse the proxy. Trying a connection does not show it, since a
    /// sidecar accepts before it looks.
    public static func refusal(of service: Service, pods: [Pod]) -> Refusal? {
        guard let mesh = Self.meshes(in: pods).first else { return nil }
        return Refusal(
            "the pods of service/\(service.metadata.name) have a sidecar of \(mesh.rawValue), and the proxy has none",
            hint: "use --force where mutual TLS is not strict", yieldsToForce: true)
    }
}
