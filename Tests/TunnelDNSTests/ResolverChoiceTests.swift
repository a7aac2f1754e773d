import Testing

@testable import kubectl_tunnel_dns

@Suite struct ResolverChoiceTests {
    private static let good = MachineFacts(
        isRoot: true, hasLinks: true, nft: .withOwners, resolvers: [.systemdResolved: true])

    private static func changed(_ change: (inout MachineFacts) -> Void) -> MachineFacts {
        var facts = Self.good
        change(&facts)
        return facts
    }

    private static let obstacles: [(MachineFacts, String)] = [
        (Self.changed { $0.isRoot = false }, "it takes root"),
        (Self.changed { $0.resolvers = [:] }, "neither systemd-resolved nor NetworkManager with dnsmasq runs"),
        (Self.changed { $0.hasLinks = false }, "/dev/net/tun is missing"),
        (Self.changed { $0.nft = .missing }, "nft is missing"),
        (Self.changed { $0.nft = .withoutOwners }, "nft or the kernel knows no tables that go with their process"),
    ]

    @Test("where everything is there it is the resolver, unless the proxy is asked for")
    func possible() {
        #expect(ResolverChoice.of(.auto, Self.good) == .resolver(.systemdResolved))
        #expect(ResolverChoice.of(.resolver, Self.good) == .resolver(.systemdResolved))
        #expect(ResolverChoice.of(.proxy, Self.good) == .proxy(because: "it was asked for"))
    }

    @Test("what is missing makes auto take the proxy, and a wish be refused, with what to do", arguments: obstacles)
    func missing(facts: MachineFacts, reason: String) {
        #expect(ResolverChoice.of(.auto, facts) == .proxy(because: reason))
        guard case .refusal(let what, let hint) = ResolverChoice.of(.resolver, facts) else {
            Issue.record("not refused")
            return
        }
        #expect(what == "resolver mode is not possible here: \(reason)")
        #expect(hint.contains("--mode proxy") && !hint.contains("\n"))
    }

    @Test("of two resolvers it is the one that programs ask")
    func asked() {
        let both = Self.changed { $0.resolvers = [.systemdResolved: false, .networkManager: true] }
        #expect(ResolverChoice.of(.auto, both) == .resolver(.networkManager))
        let first = Self.changed { $0.resolvers = [.systemdResolved: true, .networkManager: true] }
        #expect(ResolverChoice.of(.auto, first) == .resolver(.systemdResolved))
    }

    @Test("a resolver that nobody asks is for those who insist")
    func unasked() {
        let facts = Self.changed { $0.resolvers = [.networkManager: false] }
        #expect(ResolverChoice.of(.resolver, facts) == .resolver(.networkManager))
        #expect(
            ResolverChoice.of(.auto, facts)
                == .proxy(because: "programs here do not ask NetworkManager with dnsmasq"))
    }

    @Test(
        "a resolver's address leads to it, and nss-resolve to systemd-resolved",
        arguments: [
            ("nameserver 127.0.0.53\n", "hosts: files dns\n", [.systemdResolved]),
            ("nameserver 127.0.0.54\n", "", [.systemdResolved]),
            ("nameserver 192.0.2.1\n", "hosts: files dns\n", []),
            ("nameserver 192.0.2.1\n", "hosts:\tfiles resolve [!UNAVAIL=return] dns\n", [.systemdResolved]),
            ("nameserver 192.0.2.1\n", "# hosts: resolve\npasswd: resolve\n", []),
            ("# nameserver 127.0.0.53\n", "", []),
            ("nameserver 127.0.0.1\n", "hosts: files dns\n", [.networkManager]),
            ("nameserver 127.0.1.1\n", "hosts: resolve\n", [.systemdResolved, .networkManager]),
        ] as [(String, String, [KnownResolver])])
    func files(resolver: String, switches: String, known: [KnownResolver]) {
        let found = KnownResolver.allCases.filter {
            MachineFacts.lead(to: $0, resolver: resolver, switches: switches)
        }
        #expect(found == known)
    }
}
