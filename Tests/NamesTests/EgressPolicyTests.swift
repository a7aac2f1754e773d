import Names
import Testing

/// One test for each reason to refuse, and for each way to be allowed.
@Suite struct EgressPolicyTests {
    static let zone = try! DNSName("cluster.local")

    static func makePolicy(_ rules: String...) -> EgressPolicy {
        EgressPolicy(
            zone: Self.zone,
            forbidden: .init(
                gateway: [address("10.244.0.9")], node: [address("172.30.0.1")],
                apiServer: [address("10.96.0.1"), address("172.30.0.5")]),
            rules: rules.compactMap(EgressRule.init))
    }

    static func address(_ text: String) -> IPAddress { IPAddress(text)! }

    /// A response: the name that was asked for, its aliases in order, and the addresses of the last.
    static func response(_ names: [String], _ addresses: [String]) -> DNSMessage {
        let names = names.map { try! DNSName($0) }
        var answers: [DNSRecord] = zip(names, names.dropFirst()).map {
            DNSRecord(name: $0, timeToLive: 5, data: .cname($1))
        }
        for text in addresses {
            let data: DNSRecordData =
                IPv4Address(text).map(DNSRecordData.a) ?? .aaaa(IPv6Address(text)!)
            answers.append(DNSRecord(name: names[names.count - 1], timeToLive: 5, data: data))
        }
        return DNSMessage(
            id: 1, isResponse: true, questions: [DNSQuestion(name: names[0], type: .a)], answers: answers)
    }

    private func refusal(
        _ policy: EgressPolicy, _ text: String, port: Int = 80, now: Duration = .zero
    ) -> EgressPolicy.Refusal? {
        policy.refusal(of: Self.address(text), port: port, now: now)
    }

    @Test("what the cluster's names stand for is allowed, for a while")
    func learned() {
        var policy = Self.makePolicy()
        #expect(refusal(policy, "10.96.3.4") == .outside)
        policy.learn(Self.response(["orders.shop.svc.cluster.local"], ["10.96.3.4", "10.96.3.5"]), now: .seconds(100))
        #expect(refusal(policy, "10.96.3.4", now: .seconds(100)) == nil)
        #expect(refusal(policy, "10.96.3.5", port: 5432, now: .seconds(1000)) == nil)
        #expect(refusal(policy, "10.96.3.4", now: .seconds(1001)) == .outside)
    }

    @Test("an address that several rules speak of has the ports of all of them")
    func severalRules() {
        var policy = Self.makePolicy("db.example.com:5432", "*.example.com:9", "other.example.org:80")
        policy.learn(Self.response(["db.example.com"], ["192.0.2.1"]), now: .zero)
        policy.learn(Self.response(["other.example.org"], ["192.0.2.1"]), now: .seconds(1))
        for port in [5432, 9, 80] { #expect(refusal(policy, "192.0.2.1", port: port) == nil, "\(port)") }
        #expect(refusal(policy, "192.0.2.1", port: 443) == .outside)
        #expect(refusal(policy, "192.0.2.1", port: 9, now: .seconds(902)) == .outside)
    }

    @Test(
        "reserved addresses are refused, whatever names and rules say",
        arguments: [
            ("127.0.0.1", .loopback), ("127.255.0.1", .loopback), ("::1", .loopback), ("::ffff:127.0.0.1", .loopback),
            ("::127.0.0.1", .loopback), ("64:ff9b::7f00:1", .loopback),
            ("169.254.169.254", .linkLocal), ("fe80::1", .linkLocal), ("febf::1", .linkLocal),
            ("::ffff:169.254.169.254", .linkLocal),
            ("224.0.0.251", .multicast), ("239.1.2.3", .multicast), ("ff02::fb", .multicast),
            ("0.0.0.0", .unspecified), ("0.1.2.3", .unspecified), ("::", .unspecified),
            ("255.255.255.255", .broadcast), ("240.0.0.1", .broadcast),
            ("100.100.100.200", .metadata), ("168.63.129.16", .metadata), ("fd00:ec2::254", .metadata),
            ("::ffff:168.63.129.16", .metadata),
        ] as [(String, IPAddress.Reserved)])
    func reserved(text: String, kind: IPAddress.Reserved) {
        var policy = Self.makePolicy("0.0.0.0/0", "::/0", "*.cluster.local")
        policy.learn(Self.response(["evil.shop.svc.cluster.local"], [text]), now: .zero)
        #expect(refusal(policy, text) == .reserved(kind))
    }

    @Test(
        "the gateway, its node and the API server are refused, whatever names and rules say",
        arguments: [
            ("10.244.0.9", EgressPolicy.Refusal.gateway), ("172.30.0.1", .node), ("10.96.0.1", .apiServer),
            ("172.30.0.5", .apiServer), ("::ffff:10.96.0.1", .apiServer),
        ])
    func forbidden(text: String, reason: EgressPolicy.Refusal) {
        var policy = Self.makePolicy("0.0.0.0/0")
        policy.learn(Self.response(["kubernetes.default.svc.cluster.local"], [text]), now: .zero)
        #expect(refusal(policy, text, port: 443) == reason)
    }

    @Test(
        "a name that is made of an address opens nothing that is not open already, for the name's own connection either",
        arguments: ["8-8-8-8.default.pod.cluster.local", "8-8-8-8.default.POD.cluster.local"])
    func podNames(name: String) {
        var policy = Self.makePolicy()
        let response = Self.response([name], ["8.8.8.8"])
        policy.learn(response, now: .zero)
        #expect(refusal(policy, "8.8.8.8") == .outside)
        let resolved = ResolvedName(response)
        #expect(policy.refusal(of: Self.address("8.8.8.8"), port: 80, resolved: resolved, now: .zero) == .outside)
        #expect(policy.targets(of: response, now: .zero).isEmpty)
        // A Service's name has stood for it: it is a pod's.
        policy.learn(Self.response(["web-headless.shop.svc.cluster.local"], ["8.8.8.8"]), now: .zero)
        policy.learn(response, now: .seconds(600))
        #expect(policy.refusal(of: Self.address("8.8.8.8"), port: 80, resolved: resolved, now: .seconds(600)) == nil)
        #expect(policy.targets(of: response, now: .zero).count == 1)
    }

    @Test("a Service whose alias is made of an address opens nothing either")
    func aliasOfPodName() {
        var policy = Self.makePolicy()
        policy.learn(
            Self.response(["x.shop.svc.cluster.local", "8-8-8-8.default.pod.cluster.local"], ["8.8.8.8"]), now: .zero)
        #expect(refusal(policy, "8.8.8.8") == .outside)
    }

    @Test("a name of the cluster that leads out of it opens nothing")
    func leavesCluster() throws {
        var policy = Self.makePolicy()
        let response = Self.response(["db.shop.svc.cluster.local", "db.example.com"], ["203.0.113.5"])
        policy.learn(response, now: .zero)
        #expect(refusal(policy, "203.0.113.5") == .outside)
        let reason = policy.refusal(
            of: Self.address("203.0.113.5"), port: 80, resolved: ResolvedName(response), now: .zero)
        #expect(reason == .leavesCluster("db.example.com."))
    }

    @Test("a name that leads out and back in again opens nothing")
    func leavesAndReturns() {
        var policy = Self.makePolicy()
        policy.learn(
            Self.response(["a.shop.svc.cluster.local", "x.example.com", "b.shop.svc.cluster.local"], ["10.96.3.4"]),
            now: .zero)
        #expect(refusal(policy, "10.96.3.4") == .outside)
    }

    @Test("a foreign name is outside, and what it stands for stays closed")
    func foreign() {
        var policy = Self.makePolicy()
        let response = Self.response(["www.example.com"], ["10.96.3.4"])
        policy.learn(response, now: .zero)
        #expect(refusal(policy, "10.96.3.4") == .outside)
        #expect(!policy.concerns(try! DNSName("www.example.com"), port: 80))
        #expect(!policy.concerns(try! DNSName("cluster.local.example.com"), port: 80))
        #expect(policy.concerns(try! DNSName("ORDERS.shop.svc.Cluster.Local"), port: 80))
    }

    @Test("a query opens nothing, and neither does a record of another name")
    func onlyAnswers() {
        var policy = Self.makePolicy()
        var query = Self.response(["orders.shop.svc.cluster.local"], ["10.96.3.4"])
        query.isResponse = false
        policy.learn(query, now: .zero)
        var other = Self.response(["orders.shop.svc.cluster.local"], [])
        other.answers = Self.response(["other.shop.svc.cluster.local"], ["10.96.3.4"]).answers
        policy.learn(other, now: .zero)
        #expect(refusal(policy, "10.96.3.4") == .outside)
    }

    @Test("a rule for an address or a range")
    func addressRules() {
        let policy = Self.makePolicy("203.0.113.5:5432", "10.1.0.0/16", "2001:db8::/32")
        #expect(refusal(policy, "203.0.113.5", port: 5432) == nil)
        #expect(refusal(policy, "203.0.113.5", port: 5433) == .outside)
        #expect(refusal(policy, "10.1.255.1") == nil)
        #expect(refusal(policy, "10.2.0.1") == .outside)
        #expect(refusal(policy, "2001:db8:1::1") == nil)
        #expect(refusal(policy, "2001:db9::1") == .outside)
    }

    @Test("a rule for a name opens what it stands for, on its port, for a while")
    func nameRules() {
        var policy = Self.makePolicy("db.example.com:5432", "*.rds.example.com")
        #expect(policy.concerns(try! DNSName("db.example.com"), port: 5432))
        #expect(!policy.concerns(try! DNSName("db.example.com"), port: 80))
        #expect(policy.concerns(try! DNSName("a.b.rds.example.com"), port: 1))
        #expect(!policy.concerns(try! DNSName("rds.example.com"), port: 1))
        policy.learn(Self.response(["db.example.com"], ["203.0.113.5"]), now: .zero)
        #expect(refusal(policy, "203.0.113.5", port: 5432) == nil)
        #expect(refusal(policy, "203.0.113.5", port: 80) == .outside)
        #expect(refusal(policy, "203.0.113.5", port: 5432, now: .seconds(901)) == .outside)
    }

    @Test("a rule for the target of an ExternalName opens the Service, too")
    func ruleForAlias() {
        let policy = Self.makePolicy("db.example.com")
        let response = Self.response(["db.shop.svc.cluster.local", "db.example.com"], ["203.0.113.5"])
        let reason = policy.refusal(
            of: Self.address("203.0.113.5"), port: 80, resolved: ResolvedName(response), now: .zero)
        #expect(reason == nil)
    }

    @Test("the oldest address makes way when there are too many")
    func bounded() {
        var policy = Self.makePolicy()
        for number in 0...EgressPolicy.maximumAddresses {
            let address = IPv4Address(rawValue: 0x0A00_0000 + UInt32(number)).description
            policy.learn(
                Self.response(["orders.shop.svc.cluster.local"], [address]), now: .milliseconds(number))
        }
        let now = Duration.milliseconds(EgressPolicy.maximumAddresses)
        #expect(refusal(policy, "10.0.0.0", now: now) == .outside)
        #expect(refusal(policy, "10.0.0.1", now: now) == nil)
    }

    @Test(
        "rules that are none",
        arguments: [
            "", ":80", "db.example.com:0", "db.example.com:65536", "10.0.0.0/33", "*", "a*b", "db..example", "[::1",
        ])
    func badRules(text: String) {
        #expect(EgressRule(text) == nil)
    }

    @Test(
        "routes",
        arguments: [
            ("orders:80", EgressRoute(host: "orders", port: 80)),
            ("[2001:db8::1]:443", .init(host: "2001:db8::1", port: 443)),
            ("orders", nil), ("orders:0", nil), ("orders:+1", nil), ("2001:db8::1:443", nil), ("[orders]:1", nil),
            (":80", nil), ("orders:65536", nil),
        ] as [(String, EgressRoute?)])
    func routes(text: String, route: EgressRoute?) {
        #expect(EgressRoute(text) == route)
        if let route { #expect(EgressRoute(route.description) == route) }
    }
}
