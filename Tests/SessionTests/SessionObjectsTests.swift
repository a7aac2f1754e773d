import Foundation
import Kubernetes
import Testing

@testable import Session

@Suite struct SessionObjectsTests {
    private func makeObjects(selector: [String: String] = ["app": "web"], port: Int = 8080) throws -> SessionObjects {
        let service = makeService(
            selector: selector, ports: [Service.Port(name: "http", protocol: "TCP", port: 80, targetPort: .int(port))])
        return SessionObjects(
            service: service, namespace: "shop",
            holder: Holder(user: "alice", host: "laptop", session: sessionA), publicKey: "5a", image: "image:1",
            imagePullSecret: nil,
            leaseDurationSeconds: 30,
            plan: try PortPlan(service, [PortRequest("3000")!], allowLowPorts: true), failsafe: .ownRole,
            usesBetaSlices: false, grantsEvents: true)
    }

    private func podSpec(_ objects: SessionObjects) -> JSONValue? {
        objects.deployment(originHost: "10.0.0.1")["spec"]?["template"]?["spec"]
    }

    @Test("the pod passes PodSecurity restricted")
    func restricted() throws {
        let spec = try #require(podSpec(try makeObjects()))
        try expectRestricted(spec)
        #expect(spec["securityContext"]?["sysctls"] == nil)
    }

    @Test("the policy allows the listeners in, and out what the proxy has to reach")
    func networkPolicy() throws {
        let objects = try makeObjects(selector: ["app": "web"], port: 8080)
        let spec = try #require(objects.networkPolicy()["spec"])
        let ports: [JSONValue] = [8080, .integer(Int64(objects.plan.metricsPort))].map {
            ["protocol": "TCP", "port": $0]
        }
        #expect(spec["ingress"] == [["ports": .array(ports)]])
        let names: JSONValue = ["ports": [["protocol": "UDP", "port": 53], ["protocol": "TCP", "port": 53]]]
        let originals: JSONValue = [
            "to": [["podSelector": ["matchLabels": ["app": "web"]]]], "ports": [["protocol": "TCP", "port": 8080]],
        ]
        let anywhere: JSONValue = ["ports": [["protocol": "TCP", "port": 443], ["protocol": "TCP", "port": 6443]]]
        #expect(spec["egress"] == [originals, names, anywhere])

        let text =
            #"{"metadata": {"name": "kubernetes"}, "addressType": "IPv4", "ports": [{"port": 6443}], "#
            + #""endpoints": [{"addresses": ["172.30.0.1"]}, {"addresses": ["172.30.0.2"]}]}"#
        let slice = try JSONDecoder().decode(EndpointSlice.self, from: Data(text.utf8))
        let server: JSONValue = [
            "to": [["ipBlock": ["cidr": "172.30.0.1/32"]], ["ipBlock": ["cidr": "172.30.0.2/32"]]],
            "ports": [["protocol": "TCP", "port": 6443]],
        ]
        #expect(objects.networkPolicy(servers: [slice])["spec"]?["egress"] == [originals, names, server])
    }

    @Test("the pod goes to Linux nodes, the released image to those of its architecture")
    func nodes() throws {
        var objects = try makeObjects()
        #expect(podSpec(objects)?["nodeSelector"] == ["kubernetes.io/os": "linux"])
        objects.image = ProxyConfiguration.defaultImage
        #expect(podSpec(objects)?["nodeSelector"] == ["kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64"])
    }

    @Test("a port below 1024 asks for the one safe sysctl")
    func lowPort() throws {
        let sysctls = podSpec(try makeObjects(port: 80))?["securityContext"]?["sysctls"]
        #expect(sysctls == [["name": "net.ipv4.ip_unprivileged_port_start", "value": "0"]])
    }

    @Test("the pod carries every switched label, and the Deployment's selector only the session")
    func labels() throws {
        let objects = try makeObjects(selector: ["app": "web", "kubectl-tunnel/component": "x"])
        let deployment = objects.deployment(originHost: "10.0.0.1")
        let labels = deployment["spec"]?["template"]?["metadata"]?["labels"]
        let value = JSONValue.string(objects.names.selectorValue(for: sessionA))
        #expect(labels?["app"] == value)
        #expect(labels?["kubectl-tunnel/component"] == value)
        #expect(deployment["spec"]?["selector"]?["matchLabels"] == [Key.session: "aaaaaaaaaa"])
    }

    @Test("everything is owned by the Service, and nothing by the Lease")
    func owners() throws {
        let objects = try makeObjects()
        for object in [
            objects.origin(), objects.warmUp(), objects.account(),
            objects.deployment(originHost: "10.0.0.1"),
        ] {
            guard case .array(let owners)? = object["metadata"]?["ownerReferences"] else {
                Issue.record("no owner")
                continue
            }
            #expect(owners.map { $0["kind"] } == ["Service"])
            #expect(owners.first?["uid"] == "uid-1")
        }
    }

    @Test("the warm-up Service says in its port's name which pods it counts")
    func warmUpCounts() throws {
        let objects = try makeObjects()
        for (count, publishes) in [(WarmUpCount.ready, false), (.published, true)] {
            let spec = objects.warmUp(count)["spec"]
            guard case .array(let ports)? = spec?["ports"] else {
                Issue.record("no ports")
                continue
            }
            #expect(ports.map { $0["name"] } == [.string(count.rawValue)])
            #expect(spec?["publishNotReadyAddresses"] == .bool(publishes))
            let patch = objects.warmUpPatch(count).operations
            #expect(patch.map(\.op) == ["test", "replace", "add"])
            #expect(patch.map(\.value) == [spec?["selector"], .string(count.rawValue), .bool(publishes)])
        }
    }

    @Test("the proxy's rights are on names of its Service only; Leases and slices it may see, and say Events")
    func rules() {
        for rule in SessionObjects.proxyRules(for: [SessionNames(service: "web")], ownsAccount: true, withEvents: true)
        {
            let isEvents = rule.resource == "events"
            let isLook = Set(rule.verbs).isSubset(of: ["list", "watch"])
            #expect(rule.names.isEmpty == (isEvents || isLook))
            if isEvents {
                #expect(rule.verbs == ["create"])
            } else {
                #expect(!rule.verbs.contains("*") && !rule.verbs.contains("create") && !rule.verbs.contains("update"))
            }
        }
    }
}
