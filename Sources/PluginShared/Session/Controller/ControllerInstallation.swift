public import Kubernetes

/// What an admin puts into a namespace so that people may intercept its Services who may not patch them: the controller,
/// its account, and a Role for those people. The account that proxies restore with is an ``Installation``.
public struct ControllerInstallation: Sendable, Equatable {
    /// The controller's configuration.
    public var configuration: ControllerConfiguration
    /// Whether the controller may say on a Service what becomes of it: no user can grant a right that they lack.
    public var grantsEvents: Bool

    /// The name of Deployment, account, Role and RoleBinding.
    public static let name = "kubectl-tunnel-controller"
    /// The Role for the people; whom it is bound to is the admin's to say.
    public static let userRole = "kubectl-tunnel-controlled-user"
    /// The label by which the controller's pod is found.
    public static let podLabels = "\(Key.component)=controller"

    /// An installation.
    public init(configuration: ControllerConfiguration, grantsEvents: Bool) {
        self.configuration = configuration
        self.grantsEvents = grantsEvents
    }

    /// The controller's account.
    public func account() -> JSONValue {
        self.object("v1", "ServiceAccount", Self.name, ["automountServiceAccountToken": false])
    }

    /// What it may do, in this namespace only: what a developer may who intercepts by themselves. Where Services
    /// were named it changes and deletes by name; creating, listing and watching cannot be limited so.
    public func role() -> JSONValue {
        let names = self.configuration.services?.map(SessionNames.init(service:))
        func rule(
            _ group: String, _ resource: String, _ verbs: [String], on part: (SessionNames) -> [String]
        ) -> RoleRule {
            RoleRule(group, resource, verbs, names: names?.flatMap(part) ?? [])
        }
        var rules = [
            RoleRule("", "services", ["list", "create"]),
            rule("", "services", ["get", "patch"]) { [$0.service] },
            rule("", "services", ["get", "patch", "delete"]) { [$0.origin, $0.warmUp] },
            RoleRule("apps", "deployments", ["create"]),
            rule("apps", "deployments", ["get", "delete"]) { [$0.deployment] },
            RoleRule("coordination.k8s.io", "leases", ["list", "watch"]),
            rule("coordination.k8s.io", "leases", ["get", "patch", "delete"]) { $0.leases },
            RoleRule("", "pods", ["list"]),
            RoleRule("discovery.k8s.io", "endpointslices", ["list"]),
        ]
        if self.grantsEvents { rules.append(RoleRule("events.k8s.io", "events", ["create"])) }
        return self.role(Self.name, rules)
    }

    /// What people need who intercept through it: nothing by which a Service or a workload can be changed.
    public func userRole() -> JSONValue {
        self.role(
            Self.userRole,
            [
                RoleRule("", "services", ["get", "list", "watch"]),
                RoleRule("", "pods", ["get", "list", "watch"]),
                RoleRule("", "pods/portforward", ["get", "create"]),
                RoleRule("apps", "deployments", ["get", "watch"]),
                RoleRule("apps", "replicasets", ["get"]),
                RoleRule("coordination.k8s.io", "leases", ["get", "list", "watch", "create", "patch"]),
                RoleRule("discovery.k8s.io", "endpointslices", ["list"]),
                RoleRule("networking.k8s.io", "networkpolicies", ["list"]),
                RoleRule("", "serviceaccounts", ["get"], names: [Installation.name]),
            ])
    }

    /// The binding of account and Role.
    public func roleBinding() -> JSONValue {
        self.object(
            Manifest.rbac, "RoleBinding", Self.name,
            Manifest.binding(role: Self.name, account: Self.name, in: self.configuration.namespace))
    }

    /// How long the controller's pod may take to end, in seconds: the write that it is at.
    private static let terminationGraceSeconds: Int64 = 15

    /// The controller. Its pod passes PodSecurity *restricted*.
    public func deployment() -> JSONValue {
        let container = RestrictedPod.container(
            named: "controller", image: self.configuration.image,
            environment: [
                ["name": .string(ControllerConfiguration.variable), "value": .string(self.configuration.json)]
            ])
        let spec = RestrictedPod.spec(
            container, account: RestrictedPod.Account(name: Self.name, isMounted: true),
            imagePullSecret: self.configuration.imagePullSecret, terminationGraceSeconds: Self.terminationGraceSeconds)
        return self.object(
            "apps/v1", "Deployment", Self.name,
            RestrictedPod.deployment(
                matching: Self.labels, labels: Self.labels,
                annotations: RestrictedPod.noMesh.merging(
                    RestrictedPod.metrics(port: PortPlan.usualMetricsPort)
                ) { mine, _ in mine }, spec: spec))
    }

    static let labels = [Key.component: "controller"]

    private func role(_ name: String, _ rules: [RoleRule]) -> JSONValue {
        self.object(Manifest.rbac, "Role", name, Manifest.rules(rules))
    }

    private func object(
        _ apiVersion: String, _ kind: String, _ name: String, _ members: [String: JSONValue]
    ) -> JSONValue {
        Manifest.object(
            apiVersion, kind, named: name, in: self.configuration.namespace, labels: Installation.labels, with: members)
    }
}
