import Foundation

/// The node's kubelet, which tests may replace.
enum Kubelet {
    /// Starts it again, as it was.
    static func restart() async throws {
        try await run([Lab.shared.clusterScript, "kubelet"])
    }

    /// The account's token that a pod has just now. The kubelet's folders are in a mount namespace of its own.
    static func token(ofPod uid: String) async throws -> String {
        let record = try String(contentsOfFile: Lab.shared.state + "/pid/kubelet", encoding: .utf8)
        let pid = record.split(separator: " ").first.map(String.init) ?? ""
        let file = "/var/lib/kubelet/pods/\(uid)/volumes/kubernetes.io~projected/kube-api-access-*/token"
        return try await run(["nsenter", "--target", pid, "--mount", "sh", "-c", "cat \(file)"]).output
    }

    /// Whether the API server accepts a token.
    static func isAccepted(_ token: String) async throws -> Bool {
        let review = """
            apiVersion: authentication.k8s.io/v1
            kind: TokenReview
            spec: {token: "\(token)"}
            """
        return try await kubectl("create", "--validate=false", "-o", "jsonpath={.status.authenticated}", input: review)
            == "true"
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
