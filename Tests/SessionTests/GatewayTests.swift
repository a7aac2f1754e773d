import Kubernetes
import Session
import Testing

@Suite struct GatewayTests {
    private func makeObjects(user: String = "alice", host: String = "laptop", mayCleanUp: Bool = true) -> GatewayObjects
    {
        GatewayObjects(
            namespace: "shop", holder: Holder(user: user, host: host, session: sessionA), publicKey: "5a",
            image: "image:1",
            imagePullSecret: nil, leaseDurationSeconds: 30, allowed: ["db.example.com:5432"],
            apiServers: ["172.30.0.1"], mayCleanUp: mayCleanUp)
    }

    @Test("the pod passes PodSecurity restricted")
    func restricted() throws {
        try expectRestricted(try #require(makeObjects().deployment(accountUID: nil)["spec"]?["template"]?["spec"]))
    }

    @Test("the account owns the rest, and nobody owns the Lease")
    func owners() {
        let objects = makeObjects()
        func kind(_ object: JSONValue) -> JSONValue? {
            guard case .array(let owners)? = object["metadata"]?["ownerReferences"] else { return nil }
            return owners.first?["kind"]
        }
        #expect(kind(objects.deployment(accountUID: nil)) == nil)
        #expect(kind(objects.deployment(accountUID: "u")) == "ServiceAccount")
        #expect(kind(objects.account()) == nil)
        #expect(kind(objects.role(accountUID: "u")) == "ServiceAccount")
        #expect(kind(objects.roleBinding(accountUID: "u")) == "ServiceAccount")
        #expect(objects.lease(time: "now").metadata.ownerReferences == nil)
    }

    @Test("the gateway may see its own Lease and take itself away, and nothing else")
    func rights() {
        guard case .array(let rules)? = makeObjects().role(accountUID: "u")["rules"] else {
            Issue.record("no rules")
            return
        }
        let expected: [String: (name: JSONValue, verbs: JSONValue)] = [
            "leases": ("tunnel-dns-alice-laptop-aaaaaaaaaa", ["get", "list", "watch", "delete"]),
            "deployments": ("kt-aaaaaaaaaa-gateway", ["get", "delete"]),
            "serviceaccounts": ("kt-aaaaaaaaaa-gateway", ["get", "delete"]),
        ]
        #expect(rules.count == expected.count)
        for (resource, right) in expected {
            let rule = rules.first { $0["resources"] == [.string(resource)] }
            #expect(rule?["resourceNames"] == [right.name])
            #expect(rule?["verbs"] == right.verbs)
        }
    }

    @Test("without an account the pod has no token")
    func withoutAccount() {
        let spec = makeObjects(mayCleanUp: false).deployment(accountUID: nil)["spec"]?["template"]?["spec"]
        #expect(spec?["automountServiceAccountToken"] == false)
        #expect(spec?["serviceAccountName"] == "default")
    }

    @Test(
        "the Lease's name is a name, whoever the user is",
        arguments: [
            ("alice", "laptop", "tunnel-dns-alice-laptop-aaaaaaaaaa"),
            ("Änne.Müller", "host.example.COM", "tunnel-dns-nne-m-ller-host-example-com-aaaaaaaaaa"),
            ("---", "", "tunnel-dns-x-unknown-aaaaaaaaaa"),
            (
                String(repeating: "u", count: 80), String(repeating: "h", count: 80),
                "tunnel-dns-uuuuuuuuuuuuuuuuuu-hhhhhhhhhhhhhhhhhh-aaaaaaaaaa"
            ),
        ])
    func names(user: String, host: String, name: String) {
        let lease = makeObjects(user: user, host: host).names.lease
        #expect(lease == name)
        #expect(lease.utf8.count <= 63)
    }

    @Test("what the pod is told survives its way through the environment")
    func configuration() throws {
        let objects = makeObjects()
        guard
            case .array(let containers)? = objects.deployment(accountUID: nil)["spec"]?["template"]?["spec"]?[
                "containers"],
            case .array(let variables)? = containers.first?["env"],
            case .string(let text)? = variables.first(where: { $0["name"] == "KUBECTL_TUNNEL_GATEWAY" })?["value"]
        else {
            Issue.record("no configuration")
            return
        }
        let configuration = try #require(GatewayConfiguration(json: text))
        #expect(configuration.allowed == ["db.example.com:5432"])
        #expect(configuration.apiServers == ["172.30.0.1"])
        #expect(configuration.holder == "alice/laptop/aaaaaaaaaa")
        #expect(GatewayConfiguration(json: "{}") == nil)
    }

    @Test("lines survive the wire, and strange ones are ignored")
    func lines() {
        let names = GatewayLine.names(zone: "k8s.example.", search: ["shop.svc.k8s.example."], minimumDots: 5)
        #expect(GatewayLine(names.text) == names)
        #expect(GatewayLine(GatewayLine.terminating.text) == .terminating)
        for text in ["", "names", "names\tzone\tfive\t", "names\tzone\t99\t", "terminating\tnow"] {
            #expect(GatewayLine(text) == nil)
        }
    }
}
