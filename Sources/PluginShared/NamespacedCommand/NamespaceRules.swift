/// The namespace's packet rules, for nft(8).
///
/// Every IPv4 address is local there, so that all packets come by the prerouting hook, where a connection to an address
/// that no process of the namespace listens on is given to one listener. There is no translation: the connection keeps its
/// addresses, and the accepted socket's own address is where the command wanted to go.
enum NamespaceRules {
    /// The rules.
    ///
    /// - Parameters:
    ///   - port: The transparent listener's port for IPv4.
    ///   - port6: The one for IPv6, which is there for ::1 only.
    static func text(port: UInt16, port6: UInt16) -> String {
        """
        table inet kubectl_tunnel {
            set host_ports { type inet_service; }

            chain prerouting {
                type filter hook prerouting priority -150; policy accept;
                meta l4proto != tcp accept
                ip daddr 127.0.0.0/8 jump loopback
                ip6 daddr ::1 jump loopback
                meta nfproto ipv4 meta l4proto tcp tproxy ip to :\(port) accept
            }

            chain loopback {
                socket transparent { 0, 1 } accept
                tcp dport != @host_ports accept
                meta nfproto ipv4 meta l4proto tcp tproxy ip to :\(port) accept
                meta nfproto ipv6 meta l4proto tcp tproxy ip6 to :\(port6) accept
            }

            chain output {
                type nat hook output priority -100; policy accept;
                ip daddr != 127.0.0.0/8 udp dport 53 redirect to :53
            }

            chain input {
                type filter hook input priority 0; policy accept;
                ip daddr 127.0.0.0/8 accept
                ip6 daddr ::1 accept
                meta l4proto tcp accept
                ct state established,related accept
                meta l4proto udp reject
                reject with icmpx type admin-prohibited
            }
        }

        """
    }

    /// Sets the ports on loopback that lead to the machine's own loopback.
    static func hostPorts(_ ports: [UInt16]) -> String {
        let flush = "flush set inet kubectl_tunnel host_ports\n"
        guard !ports.isEmpty else { return flush }
        let list = ports.map { "\($0)" }.joined(separator: ", ")
        return flush + "add element inet kubectl_tunnel host_ports { \(list) }\n"
    }
}
