/// The node's kubelet, which tests may replace.
enum Kubelet {
    /// Starts it anew, as it was.
    static func restart() async throws {
        try await run([Lab.shared.clusterScript, "kubelet"])
    }

    /// Runs a test with another kubelet, and puts the usual one back whatever happens.
    static func withOther(_ flag: String, _ body: () async throws -> Void) async throws {
        let script = Lab.shared.clusterScript
        let result: Result<Void, any Error>
        do {
            try await run([script, "kubelet", flag])
            result = .success(try await body())
        } catch {
            result = .failure(error)
        }
        try await run([script, "kubelet", "--sysctl"])
        try result.get()
    }
}
