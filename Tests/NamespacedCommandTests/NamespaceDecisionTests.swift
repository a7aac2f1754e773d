import Names
import Testing

@testable import NamespacedCommand

@Suite struct NamespaceDecisionTests {
    @Test(
        "messages come back as they were sent",
        arguments: [
            .ready, .failed(step: "make a user namespace", code: 1), .started(pid: 42), .socket, .noSocket(code: 24),
            .ended(code: 137), .start(resolver: "nameserver 127.0.0.1\nsearch a b\n"), .wantsSocket(isIPv6: true),
            .wantsSocket(isIPv6: false), .hostPorts([]), .hostPorts([80, 65_535]),
        ] as [NamespaceMessage])
    func messages(message: NamespaceMessage) {
        #expect(NamespaceMessage(message.text) == message)
        #expect(message.text.utf8.count < NamespaceMessage.maximumSize)
    }

    @Test("what is no message is none", arguments: ["", "x", "failed", "failed x y", "started", "ended x"])
    func noMessage(text: String) {
        #expect(NamespaceMessage(text) == nil)
    }

    @Test("every port there is fits into a message")
    func allPorts() {
        #expect(NamespaceMessage.hostPorts(Array(1...65_535)).text.utf8.count < NamespaceMessage.maximumSize)
    }

    @Test("listening ports of loopback and of every address count; others, and connections, do not")
    func listening() {
        let text = """
              sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
               0: 0100007F:1538 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1
               1: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1
               2: 0101A8C0:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1
               3: 0100007F:9C40 0100007F:1538 01 00000000:00000000 00:00000000 00000000     0        0 1 1
               4: 3500007F:0035 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1
            """
        #expect(ListeningPorts.read(text) == [0x1538, 22, 53])
        let text6 = """
              sl  local_address                         remote_address                        st
               0: 00000000000000000000000001000000:1F90 00000000000000000000000000000000:0000 0A 0
               1: 00000000000000000000000000000000:0016 00000000000000000000000000000000:0000 0A 0
               2: 000080FE00000000FF005450B6AD1DFE:0050 00000000000000000000000000000000:0000 0A 0
               3: 0000000000000000FFFF00000100007F:0051 00000000000000000000000000000000:0000 0A 0
            """
        #expect(ListeningPorts.read(text6) == [8080, 22, 81])
        #expect(ListeningPorts.read("") == [] && ListeningPorts.read("x\ny\n: : :") == [])
    }

    @Test(
        "the switch that forbids namespaces is named",
        arguments: [
            (["kernel/unprivileged_userns_clone": "0"], "kernel.unprivileged_userns_clone"),
            (["kernel/unprivileged_userns_clone": "1", "user/max_user_namespaces": "0"], "user.max_user_namespaces"),
            (["user/max_net_namespaces": "0"], "user.max_net_namespaces"),
            (["kernel/apparmor_restrict_unprivileged_userns": "1"], "kernel.apparmor_restrict_unprivileged_userns"),
            (["user/max_user_namespaces": "15000", "kernel/apparmor_restrict_unprivileged_userns": "0"], nil),
            ([:], nil),
        ] as [([String: String], String?)])
    func obstacle(settings: [String: String], name: String?) {
        let found = NamespaceObstacle.find { settings[$0] }
        #expect(found?.reason.contains(name ?? "?") == name.map { _ in true })
        if let found { #expect(found.hint.contains("--mode proxy")) }
    }

    @Test("resolv.conf has the pods' search list first, then this machine's own")
    func resolver() {
        let machine = ResolverConfiguration(text: "nameserver 192.0.2.1\nsearch corp.example svc.cluster.local\n")
        let text = NamespaceResolver.text(
            search: ["shop.svc.cluster.local", "svc.cluster.local", "cluster.local"], minimumDots: 5, machine: machine)
        let read = ResolverConfiguration(text: text)
        #expect(read.servers.map(\.description) == ["127.0.0.1"] && read.minimumDots == 5)
        #expect(
            read.search.map(\.description)
                == ["shop.svc.cluster.local.", "svc.cluster.local.", "cluster.local.", "corp.example."])
    }

    @Test(
        "where a connection goes",
        arguments: [
            ("10.96.0.1", 80, .cluster), ("10.96.0.2", 80, .machine), ("10.1.2.3", 5432, .cluster),
            ("10.1.2.3", 80, .machine), ("127.0.0.1", 80, .loopback), ("127.1.2.3", 80, .loopback),
            ("::1", 80, .loopback),
            ("169.254.169.254", 80, .machine), ("192.0.2.9", 443, .machine),
        ] as [(String, Int, NamespaceDestination)])
    func destination(address: String, port: Int, expected: NamespaceDestination) throws {
        var policy = EgressPolicy(
            zone: try DNSName("cluster.local"), forbidden: .init(),
            rules: [try #require(EgressRule("10.1.2.0/24:5432"))])
        // An answer of the cluster, and one whose alias leads out of it.
        for (name, alias, address) in [("web", nil, 0x0A60_0001), ("db", "db.example", 0xC000_0209)]
            as [(String, String?, UInt32)]
        {
            let owner = try DNSName("\(name).shop.svc.cluster.local")
            var response = DNSMessage(id: 1, isResponse: true, questions: [DNSQuestion(name: owner, type: .a)])
            var last = owner
            if let alias {
                last = try DNSName(alias)
                response.answers = [DNSRecord(name: owner, timeToLive: 5, data: .cname(last))]
            }
            response.answers.append(DNSRecord(name: last, timeToLive: 5, data: .a(IPv4Address(rawValue: address))))
            policy.learn(response, now: .zero)
        }
        let wanted = try #require(IPAddress(address))
        #expect(NamespaceDestination(wanted, port: port, policy: policy, now: .seconds(60)) == expected)
    }
}
