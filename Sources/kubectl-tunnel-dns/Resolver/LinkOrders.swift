import Names
import PluginGateway

/// What systemd-resolved is told of our link: which names are asked for there, and of whom.
struct LinkOrders: Hashable, Sendable {
    /// The names that are asked for there, with all below them.
    let domains: [DNSName]
    /// Those that also complete short names, in order; the first ones of ``domains``.
    let searchCount: Int

    /// The orders for a cluster.
    ///
    /// - Parameter rules: Names that only the cluster is to be asked for.
    init(names: ClusterNames, rules: [EgressRule]) throws {
        let zone = try DNSName(names.zone)
        // A pod's search list may have its node's names, too, which are not the cluster's on this machine.
        let search = names.search.compactMap { try? DNSName($0) }.filter { $0.isWithin(zone) }
        let others = [zone] + rules.compactMap(\.domain)
        var domains = search
        for name in others where !domains.contains(name) { domains.append(name) }
        self.domains = domains
        self.searchCount = search.count
    }

    /// The arguments of each resolvectl(1), in order: the server last, when everything else is right.
    func commands(link: String, server: String) -> [[String]] {
        let switches = ["default-route", "llmnr", "mdns", "dnssec", "dnsovertls"].map { [$0, link, "no"] }
        let words = self.domains.enumerated().map { index, name in
            (index < self.searchCount ? "" : "~") + name.description.dropLast()
        }
        return switches + [["domain", link] + words, ["dns", link, server]]
    }
}
