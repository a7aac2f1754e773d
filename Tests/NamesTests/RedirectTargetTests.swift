import Names
import Testing

@Suite struct RedirectTargetTests {
    private func targets(_ names: [String], _ addresses: [String], rules: String...) -> [RedirectTarget] {
        let policy = EgressPolicy(
            zone: EgressPolicyTests.zone,
            forbidden: .init(apiServer: [EgressPolicyTests.address("10.96.0.1")]),
            rules: rules.compactMap(EgressRule.init))
        return policy.targets(of: EgressPolicyTests.response(names, addresses), now: .zero)
    }

    private func target(_ text: String, port: Int? = nil) -> RedirectTarget? {
        IPv4Address(text).map { RedirectTarget(address: $0, port: port) }
    }

    @Test("every IPv4 address of the cluster's names, on all ports")
    func cluster() {
        #expect(
            targets(["web.shop.svc.cluster.local"], ["10.96.3.4", "fd00::1", "10.244.0.5"])
                == [target("10.96.3.4"), target("10.244.0.5")])
    }

    @Test("what the gateway would refuse is left on its way", arguments: ["10.96.0.1", "127.0.0.1", "169.254.169.254"])
    func refused(address: String) {
        #expect(targets(["web.shop.svc.cluster.local"], [address]).isEmpty)
    }

    @Test("a name that leads out of the cluster takes a rule, which may be about one port")
    func rules() {
        let names = ["db.shop.svc.cluster.local", "db.example.com"]
        #expect(targets(names, ["192.0.2.1"]).isEmpty)
        #expect(targets(names, ["192.0.2.1"], rules: "db.example.com") == [target("192.0.2.1")])
        #expect(targets(names, ["192.0.2.1"], rules: "*.example.com:5432") == [target("192.0.2.1", port: 5432)])
        #expect(targets(["other.example.org"], ["192.0.2.1"], rules: "db.example.com").isEmpty)
    }

    @Test("a rule says what it is about")
    func parts() {
        let rule = { (text: String) in EgressRule(text) }
        #expect(rule("10.1.2.3/16:80")?.range?.address == IPv4Address("10.1.2.3"))
        #expect(rule("10.1.2.3/16:80")?.range?.bits == 16 && rule("10.1.2.3/16:80")?.port == 80)
        #expect(rule("10.1.2.3")?.range?.bits == 32 && rule("10.1.2.3")?.port == nil)
        #expect(rule("fd00::/8")?.range == nil && rule("fd00::/8")?.domain == nil)
        #expect(rule("*.example.com")?.domain == rule("example.com:1")?.domain && rule("example.com")?.range == nil)
    }
}
