/// Asks the cluster for the cluster's names, and the servers that were there before for all others.
public struct NameRouter: NameUpstream {
    private let domains: [DNSName]
    private let rules: [EgressRule]
    private let cluster: any NameUpstream
    private let previous: (any NameUpstream)?
    private let learn: @Sendable (DNSMessage) async -> Void

    /// A router.
    ///
    /// - Parameters:
    ///   - domains: The names that are the cluster's, with all below them: its zone, and the search list of its pods.
    ///   - rules: Names that are reached through the cluster besides: it may be the only one that knows them.
    ///   - cluster: The cluster's resolver.
    ///   - previous: Everyone else's; `nil` where the cluster's is to be asked for everything.
    ///   - learn: Hears each response of the cluster before the program that asked does, which may connect at once.
    public init(
        domains: [DNSName], rules: [EgressRule] = [], cluster: any NameUpstream, previous: (any NameUpstream)?,
        learn: @escaping @Sendable (DNSMessage) async -> Void
    ) {
        self.domains = domains
        self.rules = rules
        self.cluster = cluster
        self.previous = previous
        self.learn = learn
    }

    /// The response of the server that is responsible for the name.
    public func answer(to query: [UInt8]) async throws -> [UInt8] {
        guard let previous = self.previous, let question = try DNSMessage(decoding: query).questions.first else {
            return try await self.ofCluster(query).bytes
        }
        if self.isOfCluster(question.name) { return try await self.ofCluster(query).bytes }
        guard ReverseName.isPrivate(question.name) else { return try await previous.answer(to: query) }
        // The address may be a Service's, a pod's, or of the network at home: the cluster knows its own.
        let response = try? await self.ofCluster(query)
        if let response, response.message.code == .success, !response.message.answers.isEmpty { return response.bytes }
        do {
            return try await previous.answer(to: query)
        } catch {
            guard let response else { throw error }
            return response.bytes
        }
    }

    private func isOfCluster(_ name: DNSName) -> Bool {
        self.domains.contains(where: name.isWithin) || self.rules.contains { $0.covers(name) }
    }

    private func ofCluster(_ query: [UInt8]) async throws -> (bytes: [UInt8], message: DNSMessage) {
        let bytes = try await self.cluster.answer(to: query)
        let message = try DNSMessage(decoding: bytes)
        await self.learn(message)
        return (bytes, message)
    }
}
