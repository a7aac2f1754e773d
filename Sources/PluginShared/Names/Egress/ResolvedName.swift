/// What a response says of a name: its aliases, and the addresses at their end.
public struct ResolvedName: Hashable, Sendable {
    /// The name that was asked for, and each alias it stands for, in order.
    public var names: [DNSName]
    /// The addresses of the last of them.
    public var addresses: [IPAddress]

    /// The most aliases that are followed: 16, as resolvers do.
    private static let maximumAliases = 16

    /// Reads a response; `nil` when it has no question, or aliases without an end.
    public init?(_ response: DNSMessage) {
        guard var last = response.questions.first?.name else { return nil }
        self.names = [last]
        while let alias = Self.alias(of: last, in: response.answers) {
            guard self.names.count <= Self.maximumAliases else { return nil }
            self.names.append(alias)
            last = alias
        }
        self.addresses = response.answers.filter { $0.name == last }.compactMap { record in
            switch record.data {
            case .a(let address): IPAddress(address)
            case .aaaa(let address): IPAddress(address)
            default: nil
            }
        }
    }

    private static func alias(of name: DNSName, in records: [DNSRecord]) -> DNSName? {
        for record in records where record.name == name {
            if case .cname(let alias) = record.data { return alias }
        }
        return nil
    }
}
