import Names
import PluginGateway

/// What the machine's resolver is told of our link: which names are asked for there, and of whom.
struct LinkOrders: Hashable, Sendable {
    /// The names that are asked for there, with all below them.
    let domains: [DNSName]
    /// Those that also complete short names, in order; the first ones of ``domains``.
    let searchCount: Int
    /// Those that are the cluster's own.
    let clusterDomains: [DNSName]

    /// The orders for a cluster.
    ///
    /// - Parameters:
    ///   - rules: Names that only the cluster is to be asked for.
    ///   - takesNamespace: Whether `SERVICE.NAMESPACE` is asked for there, too, which takes a server to ask for other names
    ///     of that kind.
    init(names: ClusterNames, rules: [EgressRule], takesNamespace: Bool) throws {
        let zone = try DNSName(names.zone)
        // A pod's search list may have its node's names, too, which are not the cluster's on this machine.
        let search = names.search.compactMap { try? DNSName($0) }.filter { $0.isWithin(zone) }
        let namespace = takesNamespace ? search.first.flatMap(NamespaceNames.domain) : nil
        self.clusterDomains = search + (search.contains(zone) ? [] : [zone])
        var domains = self.clusterDomains
        let others = rules.compactMap(\.domain) + (namespace.map { [$0] } ?? [])
        for name in others where !domains.contains(name) { domains.append(name) }
        self.domains = domains
        self.searchCount = search.count
    }

    /// The names as both resolvers take them: `~` in front of those that complete nothing (resolvectl(1), nm-settings(5)).
    private var words: [String] {
        self.domains.enumerated().map { index, name in
            (index < self.searchCount ? "" : "~") + name.description.dropLast()
        }
    }

    /// The arguments of each call of the resolver's program, in order: the server last, when everything else is right.
    ///
    /// - Parameters:
    ///   - address: The link's, and our name server's.
    ///   - port: Our name server's.
    /// - Returns: `nil` where the resolver knows no other port than 53.
    func commands(for resolver: KnownResolver, link: String, address: String, port: Int) -> [[String]]? {
        switch resolver {
        case .systemdResolved:
            let switches = ["default-route", "llmnr", "mdns", "dnssec", "dnsovertls"].map { [$0, link, "no"] }
            let server = address + (port == 53 ? "" : ":\(port)")
            return switches + [["domain", link] + self.words, ["dns", link, server]]
        case .networkManager:
            guard port == 53 else { return nil }
            let settings = [
                "ipv4.method": "manual", "ipv4.addresses": "\(address)/32", "ipv4.never-default": "yes",
                "ipv4.dns": address, "ipv4.dns-search": self.words.joined(separator: ","), "ipv6.method": "disabled",
            ]
            return [["device", "modify", link] + settings.sorted { $0.key < $1.key }.flatMap { [$0.key, $0.value] }]
        }
    }
}
