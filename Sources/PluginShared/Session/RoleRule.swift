import Kubernetes

/// A rule of a Role: verbs on a kind of object, and perhaps only on some names.
struct RoleRule {
    var group: String
    var resource: String
    var verbs: [String]
    /// The names; none for all.
    var names: [String]

    /// A rule; the group is empty for the core.
    init(_ group: String, _ resource: String, _ verbs: [String], names: [String] = []) {
        self.group = group
        self.resource = resource
        self.verbs = verbs
        self.names = names
    }

    /// As it stands in the Role.
    var json: JSONValue {
        var members: [String: JSONValue] = [
            "apiGroups": [.string(self.group)], "resources": [.string(self.resource)],
            "verbs": .array(self.verbs.map(JSONValue.string)),
        ]
        if !self.names.isEmpty { members["resourceNames"] = .array(self.names.map(JSONValue.string)) }
        return .object(members)
    }
}
