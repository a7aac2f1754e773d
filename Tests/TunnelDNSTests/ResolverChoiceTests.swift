import Testing

@testable import kubectl_tunnel_dns

@Suite struct ResolverChoiceTests {
    private static let good = MachineFacts(isRoot: true, hasLinks: true, nft: .withOwners, resolved: .asked)

    private static func changed(_ change: (inout MachineFacts) -> Void) -> MachineFacts {
        var facts = Self.good
        change(&facts)
        return facts
    }

    private static let obstacles: [(MachineFacts, String)] = [
        (Self.changed { $0.isRoot = false }, "it takes root"),
        (Self.changed { $0.resolved = .absent }, "systemd-resolved does not run"),
        (Self.changed { $0.hasLinks = false }, "/dev/net/tun is missing"),
        (Self.changed { $0.nft = .missing }, "nft is missing"),
        (Self.changed { $0.nft = .withoutOwners }, "nft or the kernel knows no tables that go with their process"),
    ]

    @Test("where everything is there it is the resolver, unless the proxy is asked for")
    func possible() {
        #expect(ResolverChoice.of(.auto, Self.good) == .resolver)
        #expect(ResolverChoice.of(.resolver, Self.good) == .resolver)
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

    @Test("a resolver that nobody asks is for those who insist")
    func unasked() {
        let facts = Self.changed { $0.resolved = .unasked }
        #expect(ResolverChoice.of(.resolver, facts) == .resolver)
        #expect(ResolverChoice.of(.auto, facts) == .proxy(because: "programs here do not ask systemd-resolved"))
    }

    @Test(
        "the stub's address leads to systemd-resolved, and so does nss-resolve",
        arguments: [
            ("nameserver 127.0.0.53\n", "hosts: files dns\n", true),
            ("nameserver 127.0.0.54\n", "", true),
            ("nameserver 192.0.2.1\n", "hosts: files dns\n", false),
            ("nameserver 192.0.2.1\n", "hosts:\tfiles resolve [!UNAVAIL=return] dns\n", true),
            ("nameserver 192.0.2.1\n", "# hosts: resolve\npasswd: resolve\n", false),
            ("# nameserver 127.0.0.53\n", "", false),
        ])
    func files(resolver: String, switches: String, leads: Bool) {
        #expect(MachineFacts.leadToResolved(resolver: resolver, switches: switches) == leads)
    }
}
