import Kubernetes

/// An object of the API as it is created: what all that we create has in common.
enum Manifest {
    /// The group and version of Roles and RoleBindings.
    static let rbac = "rbac.authorization.k8s.io/v1"

    /// An object.
    ///
    /// - Parameter owner: The object whose deletion deletes this one; `nil` for none.
    static func object(
        _ apiVersion: String, _ kind: String, named name: String, in namespace: String, labels: [String: String],
        annotations: [String: String] = [:], owner: OwnerReference? = nil, with members: [String: JSONValue]
    ) -> JSONValue {
        var metadata: [String: JSONValue] = [
            "name": .string(name), "namespace": .string(namespace), "labels": JSONValue(labels),
        ]
        if !annotations.isEmpty { metadata["annotations"] = JSONValue(annotations) }
        if let owner {
            metadata["ownerReferences"] = [
                [
                    "apiVersion": .string(owner.apiVersion), "kind": .string(owner.kind),
                    "name": .string(owner.name), "uid": .string(owner.uid),
                ]
            ]
        }
        var object = members
        object["apiVersion"] = .string(apiVersion)
        object["kind"] = .string(kind)
        object["metadata"] = .object(metadata)
        return .object(object)
    }

    /// What a Role says beside its metadata.
    static func rules(_ rules: [RoleRule]) -> [String: JSONValue] {
        ["rules": .array(rules.map(\.json))]
    }

    /// What a RoleBinding of an account and a Role says beside its metadata.
    static func binding(role: String, account: String, in namespace: String) -> [String: JSONValue] {
        [
            "roleRef": ["apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": .string(role)],
            "subjects": [
                ["kind": "ServiceAccount", "name": .string(account), "namespace": .string(namespace)]
            ],
        ]
    }
}
