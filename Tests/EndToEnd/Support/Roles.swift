import Foundation

extension Shop {
    /// Prepares the namespace as the header of deploy/rbac.yaml says.
    func applyRoles() async throws {
        try await self.install("--all-services")
        let roles = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../../deploy/rbac.yaml").standardizedFileURL.path
        let expression = "s/NAMESPACE/\(self.namespace)/; s/DEVELOPERS/developers/"
        let text = try await run(["sed", expression, roles])
        guard text.status == 0 else { throw Missed(description: text.error) }
        try await kubectl("apply", input: text.output)
    }

    /// `kubectl tunnel install`, as an admin.
    @discardableResult
    func install(_ words: String...) async throws -> String {
        let result = try await self.start(["install"] + words).finish(within: 20)
        guard result.status == 0 else { throw Missed(description: result.everything) }
        return result.output
    }
}
