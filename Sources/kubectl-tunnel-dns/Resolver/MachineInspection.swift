#if os(Linux)
    import FoundationEssentials
    import Glibc
    import NamespacedCommand
    import Names

    /// A look at this machine; nothing is changed.
    enum MachineInspection {
        /// Which servers a resolver asked before, which it writes down, its own address left out
        /// (systemd-resolved.service(8); no-stub-resolv.conf of NetworkManager 1.20).
        static func servers(of resolver: KnownResolver) -> [IPAddress] {
            switch resolver {
            case .systemdResolved: ResolverConfiguration(text: Self.text(of: Self.resolvedServers)).servers
            case .networkManager:
                ResolverConfiguration(text: Self.text(of: "/run/NetworkManager/no-stub-resolv.conf")).servers
            }
        }

        private static let resolvedServers = "/run/systemd/resolve/resolv.conf"
        /// Is there when NetworkManager has started a dnsmasq of its own.
        private static let dnsmasq = "/run/NetworkManager/dnsmasq.pid"

        /// The facts.
        static func facts() async -> MachineFacts {
            var facts = MachineFacts()
            facts.isRoot = geteuid() == 0
            // Without root nothing else matters.
            guard facts.isRoot else { return facts }
            facts.hasLinks = access("/dev/net/tun", R_OK | W_OK) == 0
            for resolver in KnownResolver.allCases where await Self.runs(resolver) {
                facts.resolvers[resolver] = MachineFacts.lead(
                    to: resolver, resolver: Self.text(of: "/etc/resolv.conf"),
                    switches: Self.text(of: "/etc/nsswitch.conf"))
            }
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

        /// Whether a resolver runs, and answers.
        private static func runs(_ resolver: KnownResolver) async -> Bool {
            let (file, question) =
                switch resolver {
                case .systemdResolved: (Self.resolvedServers, ["status"])
                case .networkManager: (Self.dnsmasq, ["general", "status"])
                }
            // Without the file the question is not asked: D-Bus might start a resolver that nobody wants.
            guard access(file, F_OK) == 0, let program = ChildProcess.find(resolver.program) else { return false }
            return await MachineCommand.run([program] + question).code == 0
        }
    }
#endif
