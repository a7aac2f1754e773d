import Foundation
import Testing

extension EndToEnd {
    /// What a gateway refuses, asked for through a real one.
    @Suite struct EgressTests {
        private static func externalName(_ name: String, _ target: String) -> String {
            """
            apiVersion: v1
            kind: Service
            metadata: {name: \(name)}
            spec: {type: ExternalName, externalName: \(target)}
            """
        }

        /// A Service whose endpoint is a typed address: what a name of the cluster may stand for.
        private static func endpoint(_ name: String, _ address: String, port: Int) -> String {
            """
            apiVersion: v1
            kind: Service
            metadata: {name: \(name)}
            spec: {clusterIP: None, ports: [{name: any, port: \(port)}]}
            ---
            apiVersion: v1
            kind: Endpoints
            metadata: {name: \(name)}
            subsets: [{addresses: [{ip: \(address)}], ports: [{name: any, port: \(port)}]}]
            """
        }

        @Test("reserved addresses, the node, the API server and the gateway itself are refused, however they are named")
        func refusals() async throws {
            try await Shop.with { shop in
                for target in ["metadata", "loopback", "node"] {
                    try await shop.apply(Self.externalName(target, "\(target).outside.test"))
                }
                try await shop.apply(Self.endpoint("direct-node", Lab.shared.nodeAddress, port: 10_250))
                // Whatever is allowed, these are not.
                try await Up.with(shop, "--allow", "0.0.0.0/0", "--allow", "*.outside.test") { up in
                    let gateway = try await kubectl(
                        "-n", shop.namespace, "get", "pods", "-l", "kubectl-tunnel/component=gateway", "-o",
                        "jsonpath={.items[0].status.podIP}")
                    try await shop.apply(Self.endpoint("direct-gateway", gateway, port: 7070))
                    let refused = [
                        ("http://metadata/", "link-local"), ("http://169.254.169.254/latest/meta-data/", "link-local"),
                        ("http://[::ffff:169.254.169.254]/", "link-local"), ("http://loopback:7070/", "loopback"),
                        ("http://224.0.0.1/", "multicast"),
                        ("http://255.255.255.255/", "broadcast"),
                        // On this cluster the node's address is the API server's, too.
                        ("http://node:10250/", "API server"), ("http://direct-node:10250/", "API server"),
                        ("http://kubernetes.default:443/", "API server"),
                        ("http://\(Lab.shared.nodeAddress):6443/", "API server"),
                        ("http://\(gateway):7070/", "itself"), ("http://direct-gateway:7070/", "itself"),
                    ]
                    for (url, reason) in refused {
                        var answer = try await up.curl(url)
                        if url.contains("direct-gateway") {
                            try await eventually(within: 15, "the name is known: \(answer.output)") {
                                answer = try await up.curl(url)
                                return !answer.output.contains("not be resolved")
                                    && !answer.output.contains("no address")
                            }
                        }
                        #expect(answer.output.contains("does not connect to"), "\(url): \(answer.everything)")
                        #expect(answer.output.contains(reason), "\(url): \(answer.everything)")
                        // 97: refused by the SOCKS server.
                        #expect(try await up.curl(url, way: .socks).status == 97, "\(url) by SOCKS")
                    }
                }
            }
        }

        @Test("a name that leads out of the cluster, and an address behind it, take --allow")
        func outside() async throws {
            let lab = Lab.shared
            let variables = ["WHO": "behind", "PORTS": "18081"]
            let behind = try Running(
                lab.node + ["python3", lab.workload + "/server.py"],
                environment: lab.environment.merging(variables) { _, new in new })
            try await Shop.with { shop in
                try await shop.apply(Self.externalName("partner", "db.outside.test"))
                try await Up.with(shop) { up in
                    let answer = try await up.curl("http://partner:18081/")
                    #expect(
                        answer.output.contains("leads out of the cluster, to db.outside.test"), "\(answer.everything)")
                }
                try await Up.with(shop, "--allow", "db.outside.test:18081") { up in
                    #expect(try await up.curl("http://partner:18081/").output.hasPrefix("who=behind "))
                    #expect(try await up.curl("http://db.outside.test:18081/").output.hasPrefix("who=behind "))
                    let other = try await up.curl("http://partner:18082/")
                    #expect(other.output.contains("leads out of the cluster"), "\(other.everything)")
                }
                try await Up.with(shop, "--allow", "\(lab.outsideAddress):18081") { up in
                    let answer = try await up.curl("http://\(lab.outsideAddress):18081/")
                    #expect(answer.output.hasPrefix("who=behind "), "\(answer.everything)")
                }
            }
            behind.send(SIGKILL)
            _ = try await behind.finish()
        }

        @Test("what --allow cannot read is refused before anything is touched")
        func badRule() async throws {
            let result = try await run(
                [Lab.shared.namesPlugin, "up", "--allow", "db.example.com:x"], environment: try Up.laptop())
            #expect(result.status == 64)
            #expect(result.error.contains("--allow db.example.com:x: expected HOST or HOST:PORT"), "\(result.error)")
        }
    }
}
