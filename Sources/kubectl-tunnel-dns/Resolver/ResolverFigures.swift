/// What resolver mode has done since its start.
struct ResolverFigures: Codable, Hashable, Sendable {
    /// Queries that this machine's resolver asked.
    var queries: Int
    /// Those that were answered from the cache.
    var fromCache: Int
    /// Those that were answered with SERVFAIL.
    var failures: Int
    /// Addresses to which connections are redirected now.
    var addresses: Int
    /// Connections that were redirected.
    var connections: Int
}
