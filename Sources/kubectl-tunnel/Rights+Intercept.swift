import Kubernetes
import PluginConsole
import PluginSession
import Session

extension Rights {
    /// What an intercept takes in any case; the reasons stand in the RBAC file.
    static let intercept: [Right] = [
        Right(verb: "patch", resource: "services"),
        Right(verb: "create", resource: "services"),
        Right(verb: "delete", resource: "services"),
        Right(verb: "create", resource: "deployments", group: "apps"),
        Right(verb: "delete", resource: "deployments", group: "apps"),
        Right(verb: "get", resource: "replicasets", group: "apps"),
        Right(verb: "create", resource: "leases", group: "coordination.k8s.io"),
        Right(verb: "list", resource: "leases", group: "coordination.k8s.io"),
        Right(verb: "patch", resource: "leases", group: "coordination.k8s.io"),
        Right(verb: "delete", resource: "leases", group: "coordination.k8s.io"),
        Right(verb: "list", resource: "pods"),
        Right(verb: "get", resource: "pods"),
        Right(verb: "create", resource: "pods/portforward"),
        Right(verb: "get", resource: "pods/portforward"),
        Right(verb: "list", resource: "endpointslices", group: "discovery.k8s.io"),
    ]

    /// What it takes where a controller does the rest.
    static let controlledIntercept: [Right] = [
        Right(verb: "get", resource: "replicasets", group: "apps"),
        Right(verb: "create", resource: "leases", group: "coordination.k8s.io"),
        Right(verb: "list", resource: "leases", group: "coordination.k8s.io"),
        Right(verb: "patch", resource: "leases", group: "coordination.k8s.io"),
        Right(verb: "list", resource: "pods"),
        Right(verb: "get", resource: "pods"),
        Right(verb: "create", resource: "pods/portforward"),
        Right(verb: "get", resource: "pods/portforward"),
        Right(verb: "list", resource: "endpointslices", group: "discovery.k8s.io"),
    ]
}
