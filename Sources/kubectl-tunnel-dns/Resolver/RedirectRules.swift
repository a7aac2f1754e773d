import Names

/// The packet rules of resolver mode, for `nft -i`: connections to targets go to one local listener.
///
/// The table has an owner: it goes when the nft that made it is gone, and nobody else changes it (nft(8), since Linux 5.12).
struct RedirectRules: Hashable, Sendable {
    /// The table's name.
    static let table = "kubectl_tunnel_dns"

    /// The listener's port on 127.0.0.1.
    let port: Int
    /// Our name server's address, which is for this machine only: Linux would answer neighbours who ask for it.
    let link: IPv4Address
    /// Addresses that are never redirected: the API server's, by which the tunnel goes.
    let spared: [IPv4Address]
    /// What is redirected whatever the names say.
    let rules: [EgressRule]

    /// Makes the table, in one line.
    var creation: String {
        var chain = ["type nat hook output priority -110", "fib daddr type local return"]
        if !self.spared.isEmpty {
            chain.append("ip daddr { \(self.spared.map(\.description).joined(separator: ", ")) } return")
        }
        let redirect = "redirect to :\(self.port)"
        chain.append("ip daddr \(ResolverProbe.address) meta l4proto tcp \(redirect)")
        chain.append("ip daddr @hosts meta l4proto tcp \(redirect)")
        chain.append("ip daddr . tcp dport @services \(redirect)")
        for rule in self.rules {
            guard let range = rule.range else { continue }
            let addresses = "\(range.address)/\(range.bits)"
            chain.append(
                "ip daddr \(addresses) \(rule.port.map { "tcp dport \($0)" } ?? "meta l4proto tcp") \(redirect)")
        }
        let size = "size \(RedirectBook.maximum)"
        return """
            table inet \(Self.table) { flags owner; \
            set hosts { type ipv4_addr; \(size); }; \
            set services { type ipv4_addr . inet_service; \(size); }; \
            chain output { \(chain.joined(separator: "; ")); }; \
            chain input { type filter hook input priority 0; ip daddr \(self.link) iifname != "lo" drop; }; }
            """
    }

    /// Follows the book, in one line; `nil` when there is nothing to do.
    static func orders(_ change: RedirectBook.Change) -> String? {
        let parts = [("delete", change.removed), ("add", change.added)].flatMap { verb, targets in
            [("hosts", targets.filter { $0.port == nil }), ("services", targets.filter { $0.port != nil })]
                .filter { !$0.1.isEmpty }
                .map { set, targets in
                    let elements = targets.map { target in
                        target.address.description + (target.port.map { " . \($0)" } ?? "")
                    }
                    return "\(verb) element inet \(Self.table) \(set) { \(elements.joined(separator: ", ")) }"
                }
        }
        return parts.isEmpty ? nil : parts.joined(separator: "; ")
    }
}
