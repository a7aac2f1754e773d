import Testing

/// Both ends of a tunnel in a process of their own: a pod's in front of the originals, and the laptops of users, each of whom has the
/// requests with `x-user: NAME`.
struct InteropTunnel {
    let port: Int

    /// Runs a body with all ends up.
    ///
    /// - Parameter servers: By name; `origin` are the originals, the others are on their user's laptop.
    static func with<Value>(
        _ servers: [String: Server], _ body: (InteropTunnel) async throws -> Value
    ) async throws -> Value {
        let origin = try #require(servers["origin"])
        let users = servers.values.filter { $0.name != "origin" }.map { "\($0.name)=\($0.port)" }
        let ends = try Program([Tools.bothEnds, "\(origin.port)"] + users)
        let result: Result<Value, any Error>
        do {
            let port = try #require(try await ends.line().flatMap { Int($0) })
            result = .success(try await body(InteropTunnel(port: port)))
        } catch {
            result = .failure(error)
        }
        await ends.end()
        return try result.get()
    }
}
