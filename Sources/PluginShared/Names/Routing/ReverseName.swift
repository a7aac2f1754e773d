/// Names of addresses, below `in-addr.arpa` and `ip6.arpa`.
public enum ReverseName {
    /// Zones whose addresses are used by many networks each: RFC 1918, RFC 6598, RFC 2544, RFC 4193.
    private static let privateZones: [DNSName] = {
        let texts =
            ["10", "168.192", "18.198", "19.198"].map { "\($0).in-addr.arpa" }
            + (16...31).map { "\($0).172.in-addr.arpa" } + (64...127).map { "\($0).100.in-addr.arpa" }
            + ["c.f.ip6.arpa", "d.f.ip6.arpa"]
        return texts.compactMap { try? DNSName($0) }
    }()

    private static let arpa = try? DNSName("arpa")

    /// Whether this is the name of an address that is not unique in the world.
    public static func isPrivate(_ name: DNSName) -> Bool {
        guard let arpa = self.arpa, name.isWithin(arpa) else { return false }
        return self.privateZones.contains(where: name.isWithin)
    }
}
