import Names

/// What of this machine decides how its programs get to the cluster.
struct MachineFacts: Hashable, Sendable {
    /// nft(8) on this machine.
    enum Nft: Hashable, Sendable {
        case missing
        /// It, or the kernel, knows no tables that go with their process.
        case withoutOwners
        case withOwners
    }

    /// Whether this process may change the machine.
    var isRoot = false
    /// Whether links can be made: /dev/net/tun.
    var hasLinks = false
    /// Whether the kernel can be told to redirect.
    var nft = Nft.missing
    /// The resolvers that run here and answer, and whether programs ask them.
    var resolvers: [KnownResolver: Bool] = [:]

    /// Whether programs that read these files ask a resolver: at its address, or by nss-resolve.
    static func lead(to known: KnownResolver, resolver: String, switches: String) -> Bool {
        let servers = ResolverConfiguration(text: resolver).servers
        if servers.contains(where: { known.stubs.contains($0.description) }) { return true }
        guard known == .systemdResolved else { return false }
        return switches.split(whereSeparator: \.isNewline).contains { line in
            let words = line.split(whereSeparator: { $0 == " " || $0 == "\t" })
            return words.first == "hosts:" && words.contains("resolve")
        }
    }
}
