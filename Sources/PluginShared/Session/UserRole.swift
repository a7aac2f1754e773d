public import Kubernetes

/// The Role of people who intercept by themselves, in one namespace. The built-in role `edit` has all of it, Leases apart on
/// old servers (1.20 among them).
public struct UserRole: Sendable, Equatable {
    /// The Role's name.
    public static let name = "kubectl-tunnel-user"

    /// The namespace.
    public var namespace: String

    /// The Role of a namespace.
    public init(namespace: String) {
        self.namespace = namespace
    }

    /// What an intercept does with each right.
    private static let rules: [(reason: String, rule: RoleRule)] = [
        (
            "Read the Service and watch it; switch it and restore it; create and delete the two helper Services.",
            RoleRule("", "services", ["get", "list", "watch", "patch", "create", "delete"])
        ),
        (
            "Hold the session's Lease; list everybody's.",
            RoleRule("coordination.k8s.io", "leases", ["get", "list", "watch", "create", "patch", "delete"])
        ),
        (
            "Run the proxy beside the workload.", RoleRule("apps", "deployments", ["get", "watch", "create", "delete"])
        ),
        ("See that a pod is the proxy's own, by its owners.", RoleRule("apps", "replicasets", ["get"])),
        (
            "See that the proxy's pod is ready, or why not. (With create, doctor tries the pod in a dry run.)",
            RoleRule("", "pods", ["get", "list", "watch"])
        ),
        (
            "Carry the traffic. create is for SPDY, and for WebSocket on servers that ask for it; get for WebSocket on others.",
            RoleRule("", "pods/portforward", ["get", "create"])
        ),
        ("See who answers for a Service.", RoleRule("discovery.k8s.io", "endpointslices", ["list"])),
        (
            "See that the proxy's account was prepared.",
            RoleRule("", "serviceaccounts", ["get"], names: [Installation.name])
        ),
        (
            "See whether a policy would keep callers out. (--network-policy takes get, create and delete, too.)",
            RoleRule("networking.k8s.io", "networkpolicies", ["list"])
        ),
        (
            "See whether an autoscaler would scale the pods down meanwhile.",
            RoleRule("autoscaling", "horizontalpodautoscalers", ["list"])
        ),
        ("Say on the Service what becomes of it.", RoleRule("events.k8s.io", "events", ["create"])),
    ]

    /// The Role.
    public var json: JSONValue {
        Manifest.object(
            Manifest.rbac, "Role", named: Self.name, in: self.namespace, labels: Installation.labels,
            with: Manifest.rules(Self.rules.map(\.rule)))
    }

    /// The Role as YAML, with the reason of each rule.
    public var yaml: String {
        guard case .object(var object) = self.json else { return "" }
        object["rules"] = nil
        let rules = Self.rules.map { "# \($0.reason)\n- \($0.rule.json.canonicalText)\n" }
        return JSONValue.object(object).yaml + "rules:\n" + rules.joined()
    }
}
