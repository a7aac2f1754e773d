import Kubernetes

/// What keeps the accounts of proxies and controller to what they are for, on servers that have ValidatingAdmissionPolicy
/// (v1 since Kubernetes 1.30): RBAC says which Services may be patched, and this says what of them.
///
/// A user who may create pods in a namespace can give one any account of it. The policies are of the whole cluster, and so
/// for a cluster's administrator to apply; they are bound to one namespace.
public struct AdmissionPolicy: Sendable {
    /// The minor number of the first Kubernetes that has them.
    public static let minimumMinor = 30
    /// The same for people.
    public static let minimumText = "Kubernetes 1.\(minimumMinor)"

    private let namespace: String

    /// The policies of a namespace.
    public init(namespace: String) { self.namespace = namespace }

    /// Policies and bindings, as YAML for `kubectl apply`.
    public var yaml: String {
        let documents = [
            self.policy("update", "UPDATE", ["": ["services"]], variables: Self.variables, Self.updates),
            self.binding("update"),
            self.policy(
                "delete", "DELETE",
                [
                    "": ["services", "serviceaccounts"], "apps": ["deployments"],
                    "coordination.k8s.io": ["leases"], "networking.k8s.io": ["networkpolicies"],
                ], variables: [], Self.deletions),
            self.binding("delete"),
        ]
        return documents.map(\.yaml).joined(separator: "---\n")
    }

    /// An expression in CEL, and what is said when it does not hold.
    struct Rule {
        var expression: String
        var message: String
    }

    /// What of a Service's spec may be neither given, taken nor changed: everything that its API has but the selector and
    /// `publishNotReadyAddresses`, as of 1.36. The ports of the project's own Services may.
    static let fixedFields = [
        "allocateLoadBalancerNodePorts", "clusterIP", "clusterIPs", "externalIPs", "externalName",
        "externalTrafficPolicy", "healthCheckNodePort", "internalTrafficPolicy", "ipFamilies", "ipFamilyPolicy",
        "loadBalancerClass", "loadBalancerIP", "loadBalancerSourceRanges", "sessionAffinity", "sessionAffinityConfig",
        "trafficDistribution", "type",
    ]

    /// What the rules of an update speak of, each by those before it.
    static let variables: [(name: String, expression: String)] = [
        ("before", "oldObject.metadata.?annotations.orValue({})"),
        ("after", "object.metadata.?annotations.orValue({})"),
        ("isHelper", "'\(Key.component)' in oldObject.metadata.?labels.orValue({})"),
        ("selector", "object.spec.?selector.orValue({})"),
        ("oldSelector", "oldObject.spec.?selector.orValue({})"),
        ("saved", "variables.before[?'\(Key.originalSelector)'].orValue('')"),
        ("saving", "variables.after[?'\(Key.originalSelector)'].orValue('')"),
        // A selector as the annotation has it: {"app":"web","tier":"fe"}. No label has a quotation mark or a comma.
        ("restores", Self.describes("variables.saved", "variables.selector")),
        (
            "switches",
            "request.userInfo.username.endsWith(':\(ControllerInstallation.name)') && variables.saved == '' && "
                + Self.describes("variables.saving", "variables.oldSelector")
                + " && variables.selector.all(k, k in variables.oldSelector && variables.selector[k].startsWith('kt-'))"
        ),
    ]

    private static func describes(_ text: String, _ selector: String) -> String {
        "(\(text).split('\",\"').size() == \(selector).size() && "
            + "\(selector).all(k, \(text).contains('\"' + k + '\":\"' + \(selector)[k] + '\"')))"
    }

    static let updates = [
        Rule(
            expression: Self.fixedFields.map { "object.spec.?\($0) == oldObject.spec.?\($0)" }
                .joined(separator: " && ") + " && (variables.isHelper || object.spec.?ports == oldObject.spec.?ports)",
            message: "of a Service's spec only the selector may be changed by this account"),
        Rule(
            expression: "variables.selector == variables.oldSelector || "
                + "(!variables.isHelper && (variables.restores || variables.switches))",
            message: "the selector may only become the original one, or lead to a proxy by the controller"),
        Rule(
            expression: "variables.saving == variables.saved || variables.saving == '' || variables.switches",
            message: "the original selector may not be changed"),
        Rule(
            expression: ["labels", "finalizers", "ownerReferences"]
                .map { "object.metadata.?\($0) == oldObject.metadata.?\($0)" }.joined(separator: " && ")
                + " && variables.after.all(k, k.startsWith('\(Self.prefix)') || "
                + "(k in variables.before && variables.before[k] == variables.after[k]))"
                + " && variables.before.all(k, k.startsWith('\(Self.prefix)') || k in variables.after)",
            message: "of a Service's metadata only annotations of kubectl-tunnel may be changed by this account"),
    ]

    static let deletions = [
        Rule(
            expression: "'\(Key.component)' in oldObject.metadata.?labels.orValue({})",
            message: "only what kubectl-tunnel has created may be deleted by this account")
    ]

    private static let prefix = "kubectl-tunnel/"

    /// The accounts: those of an installation, and those of single tunnels.
    var accounts: String {
        "request.userInfo.username.matches('^system:serviceaccount:\(self.namespace):"
            + "(\(Installation.name)|\(ControllerInstallation.name)|kt-[a-z0-9]+-proxy)$')"
    }

    private func policy(
        _ name: String, _ operation: String, _ resources: [String: [String]],
        variables: [(name: String, expression: String)], _ rules: [Rule]
    ) -> JSONValue {
        let resourceRules = resources.sorted { $0.key < $1.key }.map { group, resources -> JSONValue in
            [
                "apiGroups": [.string(group)], "apiVersions": ["*"], "operations": [.string(operation)],
                "resources": .array(resources.map(JSONValue.string)),
            ]
        }
        return self.object(
            "ValidatingAdmissionPolicy", name,
            [
                "failurePolicy": "Fail",
                "matchConstraints": ["namespaceSelector": self.isNamespace, "resourceRules": .array(resourceRules)],
                "matchConditions": [["name": "accounts", "expression": .string(self.accounts)]],
                "variables": .array(
                    variables.map { ["name": .string($0.name), "expression": .string($0.expression)] }),
                "validations": .array(
                    rules.map { ["expression": .string($0.expression), "message": .string($0.message)] }),
            ])
    }

    private func binding(_ name: String) -> JSONValue {
        self.object(
            "ValidatingAdmissionPolicyBinding", name,
            ["policyName": .string(self.name(name)), "validationActions": ["Deny"]])
    }

    private var isNamespace: JSONValue { ["matchLabels": ["kubernetes.io/metadata.name": .string(self.namespace)]] }

    private func name(_ part: String) -> String { "kubectl-tunnel-\(part).\(self.namespace)" }

    private func object(_ kind: String, _ name: String, _ spec: [String: JSONValue]) -> JSONValue {
        [
            "apiVersion": "admissionregistration.k8s.io/v1", "kind": .string(kind),
            "metadata": ["name": .string(self.name(name)), "labels": JSONValue(Installation.labels)],
            "spec": .object(spec),
        ]
    }
}
