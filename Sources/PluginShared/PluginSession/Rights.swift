public import Kubernetes
public import PluginConsole
public import Session

/// What the user may do in the namespace, asked before anything is touched.
public struct Rights: Sendable {
    private let client: KubernetesClient
    private let namespace: String

    /// The user's rights in a namespace.
    public init(client: KubernetesClient, namespace: String) {
        self.client = client
        self.namespace = namespace
    }

    /// One right: a verb on a resource of a group.
    public struct Right: Sendable, CustomStringConvertible {
        var verb: String
        var resource: String
        var group: String

        /// A right; the group is empty for the core.
        public init(verb: String, resource: String, group: String = "") {
            self.verb = verb
            self.resource = resource
            self.group = group
        }

        /// As a sentence has it: `create secrets`.
        public var description: String { "\(self.verb) \(self.resource)" }
    }

    /// What is missing of these.
    public func missing(of needed: [Right]) async throws -> [Right] {
        try await withThrowingTaskGroup(of: (Int, Bool).self) { group in
            for (index, right) in needed.enumerated() {
                group.addTask { (index, try await self.isAllowed(right)) }
            }
            var missing: [Int] = []
            for try await (index, isAllowed) in group where !isAllowed { missing.append(index) }
            return missing.sorted().map { needed[$0] }
        }
    }

    /// - Throws: ``PluginFailure`` naming what is missing of these.
    public func check(_ needed: [Right]) async throws {
        let missing = try await self.missing(of: needed)
        if !missing.isEmpty { throw self.failure(missing) }
    }

    /// The failure that names what is missing.
    public func failure(_ missing: [Right]) -> PluginFailure {
        let list = missing.prefix(3).map(\.description).joined(separator: ", ")
        let more = missing.count > 3 ? " and \(missing.count - 3) more" : ""
        return PluginFailure(
            "you may not \(list)\(more) in namespace \(self.namespace)",
            hint: PluginFailure.askForRole(in: self.namespace))
    }

    /// Whether the namespace has a controller.
    public enum Controller: Sendable {
        case none
        /// It has one, which cannot do anything yet.
        case notReady
        case ready
    }

    /// The namespace's controller.
    public func controller() async throws(APIError) -> Controller {
        do throws(APIError) {
            let pods = try await self.client.list(
                .pods, in: self.namespace, labels: ControllerInstallation.podLabels
            ).items
            return pods.isEmpty ? .none : pods.contains(where: \.isReady) ? .ready : .notReady
        } catch {
            // Who may not even see pods cannot intercept by it.
            guard error.code == .forbidden else { throw error }
            return .none
        }
    }

    /// The Services that an admin has prepared an account for, as people say it; `nil` where there is none.
    public func installedServices() async throws -> String? {
        let account = try? await self.client.find(.serviceAccounts, Installation.name, in: self.namespace)
        guard let account = account ?? nil, Installation.owns(account.metadata) else { return nil }
        let scope = account.metadata.annotation(Key.services) ?? ""
        return scope == "*" ? "all Services" : scope.isEmpty ? nil : scope.replacing(",", with: ", ")
    }

    /// Who can restore a Service when the laptop is gone.
    public func failsafe(of service: String) async throws -> SessionObjects.Failsafe {
        let account = try? await self.client.find(.serviceAccounts, Installation.name, in: self.namespace)
        if let account = account ?? nil, Installation.covers(service, account: account.metadata) {
            return .installedAccount
        }
        return try await self.mayMakeRoles() ? .ownRole : .pluginOnly
    }

    /// Whether a session may have an account of its own.
    public func mayMakeRoles() async throws -> Bool {
        let rbac = "rbac.authorization.k8s.io"
        let rights = [
            Right(verb: "create", resource: "serviceaccounts"),
            Right(verb: "create", resource: "roles", group: rbac),
            Right(verb: "create", resource: "rolebindings", group: rbac),
        ]
        for right in rights where try await !self.isAllowed(right) { return false }
        return true
    }

    /// Whether the user may try a pod in a dry run.
    public func mayCreatePods() async throws -> Bool {
        try await self.isAllowed(Right(verb: "create", resource: "pods"))
    }

    /// Whether the user may say on the Service what happens to it; 1.20's built-in roles do not.
    public func mayWriteEvents() async throws -> Bool {
        try await self.isAllowed(Right(verb: "create", resource: "events", group: "events.k8s.io"))
    }

    private func isAllowed(_ right: Right) async throws -> Bool {
        try await self.client.isAllowed(right.verb, right.resource, group: right.group, in: self.namespace)
    }
}
