/// Something that answers DNS queries: a server, a gateway in a cluster, a cache in front of one.
public protocol NameUpstream: Sendable {
    /// The response to a query; both are whole messages, and have the same id.
    ///
    /// - Throws: when there is no answer; the caller says SERVFAIL then.
    func answer(to query: [UInt8]) async throws -> [UInt8]
}
