import Foundation

extension Shop {
    /// Applies deploy/rbac.yaml as its header says.
    func applyRoles() async throws {
        let roles = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../../deploy/rbac.yaml").standardizedFileURL.path
        let expression = "s/NAMESPACE/\(self.namespace)/; s/DEVELOPERS/developers/"
        let text = try await run(["sed", expression, roles])
        guard text.status == 0 else { throw Missed(description: text.error) }
        try await kubectl("apply", input: text.output)
    }
}
