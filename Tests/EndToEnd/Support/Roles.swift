import Foundation

extension Shop {
    /// Prepares the namespace for developers who intercept by themselves.
    func applyRoles() async throws {
        try await self.install("--all-services", "--user-role")
        try await self.apply(
            """
            apiVersion: rbac.authorization.k8s.io/v1
            kind: RoleBinding
            metadata: {name: developers}
            roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: kubectl-tunnel-user}
            subjects: [{kind: Group, name: developers, apiGroup: rbac.authorization.k8s.io}]
            """)
    }

    /// `kubectl tunnel install`, as an admin.
    @discardableResult
    func install(_ words: String...) async throws -> String { try await self.install(words) }

    private func install(_ words: [String]) async throws -> String {
        let result = try await self.start(["install"] + words).finish(within: 20)
        guard result.status == 0 else { throw Missed(description: result.everything) }
        return result.output
    }
}

extension Shop {
    /// A namespace with a controller, and developers who may do nothing but what its Role for them says.
    static func withController(
        services: [String] = ["--all-services"], _ body: (Shop) async throws -> Void
    ) async throws {
        try await Self.with(deployments: [Self.deployment(replicas: 1)]) { shop in
            try await shop.installController(services)
            try await body(shop)
        }
    }

    /// Installs the controller, waits until it is Ready, and lets developers use it.
    func installController(_ services: [String] = ["--all-services"]) async throws {
        _ = try await self.install(["--controller"] + services)
        try await kubectl(
            "-n", self.namespace, "create", "rolebinding", "developers",
            "--role=kubectl-tunnel-controlled-user", "--group=developers")
        try await kubectl(
            "-n", self.namespace, "rollout", "status", "deployment/kubectl-tunnel-controller", "--timeout=60s")
    }

    /// Takes the controller away, and waits until its pod is gone.
    func deleteController() async throws {
        try await kubectl(
            "-n", self.namespace, "delete", "deployment", "kubectl-tunnel-controller", "--cascade=foreground")
    }
}

extension Shop {
    /// Gives another client a built-in role in the namespace, and the rights on Leases and EndpointSlices that later versions
    /// of it contain and that of 1.20 does not.
    func bind(_ role: String, to user: String, leases verbs: String) async throws {
        try await kubectl(
            "-n", self.namespace, "create", "rolebinding", "built-in", "--clusterrole=\(role)", "--user=\(user)")
        try await self.apply(
            """
            apiVersion: rbac.authorization.k8s.io/v1
            kind: Role
            metadata: {name: later}
            rules:
            - {apiGroups: [coordination.k8s.io], resources: [leases], verbs: [\(verbs)]}
            - {apiGroups: [discovery.k8s.io], resources: [endpointslices], verbs: [get, list, watch]}
            """)
        try await kubectl(
            "-n", self.namespace, "create", "rolebinding", "later", "--role=later", "--user=\(user)")
    }
}
