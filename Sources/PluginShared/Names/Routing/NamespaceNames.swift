/// `SERVICE.NAMESPACE` for one namespace, as pods have it: the cluster's if it knows the name, and what it is elsewhere if not.
///
/// Outside pods a name with a dot is tried as it is before any search list is (`ndots:1`, resolv.conf(5)), and many namespaces
/// are called like a top-level domain: `web.dev` is a public name.
public struct NamespaceNames: NameUpstream {
    /// The namespace as a domain; its names, and those below them, are to come here.
    public let domain: DNSName
    private let suffix: DNSName
    private let upstream: any NameUpstream

    /// - Parameters:
    ///   - namespace: `shop.svc.cluster.local`; `nil` comes back for anything that has no namespace in front of `svc`.
    ///   - upstream: Answers full names by the cluster, and all others by those who did before.
    public init?(of namespace: DNSName, upstream: any NameUpstream) {
        guard let domain = Self.domain(of: namespace) else { return nil }
        self.domain = domain
        self.suffix = namespace.parent
        self.upstream = upstream
    }

    /// The domain that is the namespace's own name: `shop` for `shop.svc.cluster.local`.
    public static func domain(of namespace: DNSName) -> DNSName? {
        guard let label = namespace.labels.first, namespace.parent.labels.first == Array("svc".utf8)[...] else {
            return nil
        }
        return try? DNSName(labels: [label])
    }

    /// The cluster's answer under the name that was asked for, or everybody else's.
    public func answer(to query: [UInt8]) async throws -> [UInt8] {
        let message = try DNSMessage(decoding: query)
        guard let question = message.questions.first, question.name.isWithin(self.domain), question.name != self.domain,
            let full = try? question.name.appending(self.suffix)
        else { return try await self.upstream.answer(to: query) }
        var asked = message
        asked.questions = [DNSQuestion(name: full, type: question.type, recordClass: question.recordClass)]
        guard let bytes = try? await self.upstream.answer(to: asked.encode()),
            var response = try? DNSMessage(decoding: bytes), response.code == .success
        else { return try await self.upstream.answer(to: query) }
        // A name that exists without such records exists: nobody else is asked for its IPv6 address.
        response.questions = message.questions
        let life = response.answers.map(\.timeToLive).min() ?? 0
        if !response.answers.isEmpty {
            response.answers.insert(DNSRecord(name: question.name, timeToLive: life, data: .cname(full)), at: 0)
        }
        return try response.encode()
    }
}
