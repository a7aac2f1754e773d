#if os(Linux)
    import FoundationEssentials
    import Glibc
    import NamespacedCommand

    /// A look at this machine; nothing is changed.
    enum MachineInspection {
        /// Where systemd-resolved writes which servers it asks, its own stub left out (systemd-resolved.service(8)).
        static let resolvedServers = "/run/systemd/resolve/resolv.conf"

        /// The facts.
        static func facts() async -> MachineFacts {
            var facts = MachineFacts()
            facts.isRoot = geteuid() == 0
            // Without root nothing else matters.
            guard facts.isRoot else { return facts }
            facts.hasLinks = access("/dev/net/tun", R_OK | W_OK) == 0
            facts.resolved = await Self.resolved()
            if let nft = ChildProcess.find("nft") {
                let table = "table inet \(RedirectRules.table)_check { flags owner; }\n"
                let outcome = await MachineCommand.run([nft, "--check", "--file", "-"], input: table)
                facts.nft = outcome.code == 0 ? .withOwners : .withoutOwners
            }
            return facts
        }

        /// The text of a file; empty when there is none.
        static func text(of path: String) -> String {
            (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
        }

        private static func resolved() async -> MachineFacts.Resolved {
            guard access(Self.resolvedServers, F_OK) == 0, let resolvectl = ChildProcess.find("resolvectl"),
                await MachineCommand.run([resolvectl, "status"]).code == 0
            else { return .absent }
            let isAsked = MachineFacts.leadToResolved(
                resolver: Self.text(of: "/etc/resolv.conf"), switches: Self.text(of: "/etc/nsswitch.conf"))
            return isAsked ? .asked : .unasked
        }
    }
#endif
