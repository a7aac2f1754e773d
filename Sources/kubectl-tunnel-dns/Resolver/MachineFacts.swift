import Names

/// What of this machine decides how its programs get to the cluster.
struct MachineFacts: Hashable, Sendable {
    /// systemd-resolved on this machine.
    enum Resolved: Hashable, Sendable {
        /// It does not run, or does not answer.
        case absent
        /// It runs, and neither resolv.conf nor nsswitch.conf lead to it.
        case unasked
        /// Programs ask it.
        case asked
    }

    /// Whether this process may change the machine.
    var isRoot = false
    /// Whether links can be made: /dev/net/tun.
    var hasLinks = false
    /// Whether there is an nft, and whether it and the kernel know tables that go with their process.
    var nft = Nft.missing
    /// systemd-resolved.
    var resolved = Resolved.absent

    /// nft(8) on this machine.
    enum Nft: Hashable, Sendable {
        case missing
        case withoutOwners
        case withOwners
    }

    /// Whether programs that read these files ask systemd-resolved: by its stub's address (systemd-resolved.service(8)), or
    /// by nss-resolve.
    static func leadToResolved(resolver: String, switches: String) -> Bool {
        let stubs = ["127.0.0.53", "127.0.0.54"]
        let servers = ResolverConfiguration(text: resolver).servers
        if servers.contains(where: { stubs.contains($0.description) }) { return true }
        return switches.split(whereSeparator: \.isNewline).contains { line in
            let words = line.split(whereSeparator: { $0 == " " || $0 == "\t" })
            return words.first == "hosts:" && words.contains("resolve")
        }
    }
}
