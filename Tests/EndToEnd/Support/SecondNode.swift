import Foundation

/// A second node of the cluster, for as long as a test has it.
enum SecondNode {
    /// Runs a test with both nodes.
    static func with(_ body: () async throws -> Void) async throws {
        try await self.cluster("up")
        let result: Result<Void, any Error>
        do { result = .success(try await body()) } catch { result = .failure(error) }
        try await kubectl("uncordon", "node1")
        try await self.cluster("down")
        try result.get()
    }

    /// Nothing of it answers any more, and what runs there is stopped.
    static func lose() async throws { try await self.cluster("lose") }

    /// Has the first node's kernel forget the connections to a pod that is lost. It keeps those that were never answered for two
    /// minutes, and a caller that gets the same port again goes to the dead pod, wherever the Service leads by then.
    static func forgetConnections(to pod: String) async throws {
        _ = try await run(Lab.shared.node + ["conntrack", "-D", "-p", "tcp", "--reply-src", pod])
    }

    /// It is back; returns when it is Ready.
    static func find() async throws { try await self.cluster("find") }

    /// Runs something while new pods can only go to this node.
    static func onlyHere<Value>(_ body: () async throws -> Value) async throws -> Value {
        try await kubectl("cordon", "node1")
        let value = try await body()
        try await kubectl("uncordon", "node1")
        return value
    }

    private static func cluster(_ word: String) async throws {
        let result = try await run([Lab.shared.clusterScript, "second-node", word], within: 120)
        guard result.status == 0 else { throw Missed(description: result.everything) }
    }
}
