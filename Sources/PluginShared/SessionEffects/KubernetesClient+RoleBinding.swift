public import Kubernetes

extension KubernetesClient {
    /// For how long a server may not know a Role that it has just accepted.
    private static let roleTimeout = Duration.seconds(10)

    /// Creates a RoleBinding to a Role that is there, also where the server does not know it yet.
    ///
    /// Who is no cluster administrator may bind only what they may do themselves; the server looks the Role up for that in a
    /// cache, and answers 404 while that is behind what it has stored (`GetRoleReferenceRules`; 20 ms on 1.36).
    ///
    /// - Throws: ``APIError``; code `notFound` when the Role was not known for ten seconds.
    @discardableResult
    public func createRoleBinding(
        _ object: JSONValue, in namespace: String
    ) async throws(APIError) -> PartialObject {
        let clock = ContinuousClock()
        let deadline = clock.now + Self.roleTimeout
        while true {
            do throws(APIError) {
                return try await self.create(.roleBindings, object, in: namespace)
            } catch {
                guard error.code == .notFound, clock.now < deadline, !Task.isCancelled else { throw error }
            }
            try? await Task.sleep(for: .milliseconds(20))
        }
    }
}
