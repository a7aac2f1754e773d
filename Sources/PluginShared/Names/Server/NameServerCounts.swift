/// What a name server has done since its start.
public struct NameServerCounts: Hashable, Sendable {
    /// Queries that came.
    public var queries = 0
    /// Those that were answered from the cache.
    public var fromCache = 0
    /// Those that joined one that was in flight.
    public var joined = 0
    /// Those that were answered with SERVFAIL.
    public var failures = 0
    /// Why the last upstream failure was one; one line.
    public var lastFailure: String?

    /// Nothing yet.
    public init() {}
}
