import Kubernetes
import PluginConsole
import Session

/// What the user may do in the namespace, asked before anything is touched.
struct Rights: Sendable {
    let client: KubernetesClient
    let namespace: String

    /// One right: a verb on a resource of a group.
    struct Right: Sendable, CustomStringConvertible {
        var verb: String
        var resource: String
        var group = ""

        var description: String { "\(self.verb) \(self.resource)" }
    }

    /// What an intercept takes in any case; the reasons stand in the RBAC file.
    static let needed: [Right] = [
        Right(verb: "patch", resource: "services"),
        Right(verb: "create", resource: "services"),
        Right(verb: "delete", resource: "services"),
        Right(verb: "create", resource: "secrets"),
        Right(verb: "create", resource: "deployments", group: "apps"),
        Right(verb: "delete", resource: "deployments", group: "apps"),
        Right(verb: "create", resource: "leases", group: "coordination.k8s.io"),
        Right(verb: "patch", resource: "leases", group: "coordination.k8s.io"),
        Right(verb: "delete", resource: "leases", group: "coordination.k8s.io"),
        Right(verb: "list", resource: "pods"),
        Right(verb: "get", resource: "pods"),
        Right(verb: "create", resource: "pods/portforward"),
        Right(verb: "get", resource: "pods/portforward"),
        Right(verb: "list", resource: "endpointslices", group: "discovery.k8s.io"),
    ]

    /// What is missing of ``needed``.
    func missing() async throws -> [Right] {
        try await withThrowingTaskGroup(of: (Int, Bool).self) { group in
            for (index, right) in Self.needed.enumerated() {
                group.addTask { (index, try await self.isAllowed(right)) }
            }
            var missing: [Int] = []
            for try await (index, isAllowed) in group where !isAllowed { missing.append(index) }
            return missing.sorted().map { Self.needed[$0] }
        }
    }

    /// - Throws: ``PluginFailure`` naming what is missing.
    func check() async throws {
        let missing = try await self.missing()
        guard !missing.isEmpty else { return }
        let list = missing.prefix(3).map(\.description).joined(separator: ", ")
        let more = missing.count > 3 ? " and \(missing.count - 3) more" : ""
        throw PluginFailure(
            "you may not \(list)\(more) in namespace \(self.namespace)",
            hint: "ask an admin for the Role in deploy/rbac.yaml, or use another namespace with -n")
    }

    /// Who can restore the Service when the laptop is gone.
    func failsafe() async throws -> SessionObjects.Failsafe {
        let account = try? await self.client.find(
            .serviceAccounts, SessionNames.installedAccount, in: self.namespace)
        if account ?? nil != nil { return .installedAccount }
        let rbac = "rbac.authorization.k8s.io"
        let rights = [
            Right(verb: "create", resource: "serviceaccounts"),
            Right(verb: "create", resource: "roles", group: rbac),
            Right(verb: "create", resource: "rolebindings", group: rbac),
        ]
        for right in rights where try await !self.isAllowed(right) { return .pluginOnly }
        return .ownRole
    }

    /// Whether the user may try a pod in a dry run.
    func mayCreatePods() async throws -> Bool { try await self.isAllowed(Right(verb: "create", resource: "pods")) }

    /// Whether the user may say on the Service what happens to it; 1.20's built-in roles do not.
    func mayWriteEvents() async throws -> Bool {
        try await self.isAllowed(Right(verb: "create", resource: "events", group: "events.k8s.io"))
    }

    private func isAllowed(_ right: Right) async throws -> Bool {
        try await self.client.isAllowed(right.verb, right.resource, group: right.group, in: self.namespace)
    }
}
