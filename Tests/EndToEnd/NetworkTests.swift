import Foundation
import Testing

extension EndToEnd {
    /// The local cluster has no engine for NetworkPolicies: a block is staged by the node's packet filter.
    @Suite struct NetworkTests {
        @Test("a proxy that cannot reach the originals is not switched to")
        func blockedOrigin() async throws {
            try await Shop.with { shop in
                let local = try await LocalProcess.start(port: 3000)
                let before = try await shop.serviceText()
                let pods = try await kubectl(
                    "-n", shop.namespace, "get", "pods", "-o", "jsonpath={.items[*].status.podIP}")
                let table = "block-" + shop.namespace
                let rules = """
                    table inet \(table) {
                      chain forward {
                        type filter hook forward priority -10;
                        ip daddr { \(pods.split(separator: " ").joined(separator: ", ")) } tcp dport 8080 drop
                      }
                    }
                    """
                let file = Lab.shared.folder.appendingPathComponent(table)
                try rules.write(to: file, atomically: true, encoding: .utf8)
                try await run(Lab.shared.node + ["/usr/sbin/nft", "-f", file.path])
                let result = try await shop.start(["intercept", "web", "--port", "3000"]).finish(within: 60)
                try await run(Lab.shared.node + ["/usr/sbin/nft", "delete", "table", "inet", table])
                #expect(result.status == 1)
                #expect(result.error.contains("error: the proxy cannot reach the original pods"))
                #expect(result.error.contains("hint: a NetworkPolicy may stand in the way"))
                try await shop.expectRestored(before)
                try await local.stop()
            }
        }

        @Test("a policy that would keep callers out stops the intercept, and --network-policy lets them in")
        func policies() async throws {
            try await Shop.with { shop in
                let local = try await LocalProcess.start(port: 3000)
                let before = try await shop.serviceText()
                try await shop.apply(
                    """
                    apiVersion: networking.k8s.io/v1
                    kind: NetworkPolicy
                    metadata: {name: deny-all}
                    spec: {podSelector: {}, policyTypes: [Ingress]}
                    """)
                try await shop.apply(
                    """
                    apiVersion: networking.k8s.io/v1
                    kind: NetworkPolicy
                    metadata: {name: web}
                    spec: {podSelector: {matchLabels: {app: web}}, ingress: [{}]}
                    """)
                let refused = try await shop.start(["intercept", "web", "--port", "3000"]).finish()
                #expect(refused.status == 1)
                #expect(refused.error.contains("error: networkpolicy/deny-all would keep callers of service/web out"))
                try await shop.expectRestored(before)

                let plugin = try await shop.intercept("--port", "3000", "--network-policy")
                try await shop.expect("laptop")
                try await shop.end(plugin, before: before)
                try await local.stop()
            }
        }

        @Test("a lease that nobody renews, without a proxy, does not keep the Service")
        func abandonedLease() async throws {
            try await Shop.with { shop in
                let local = try await LocalProcess.start(port: 3000)
                let before = try await shop.serviceText()
                try await shop.apply(
                    """
                    apiVersion: coordination.k8s.io/v1
                    kind: Lease
                    metadata:
                      name: tunnel-web
                      labels: {kubectl-tunnel/service: web, kubectl-tunnel/session: aaaaaaaaaa}
                    spec: {holderIdentity: bob/desk/aaaaaaaaaa, leaseDurationSeconds: 5}
                    """)
                let plugin = try await shop.intercept("--port", "3000")
                #expect(plugin.error.contains("bob on desk has a lease on service/web, but no proxy"))
                #expect(plugin.error.contains("cleaned up what the dead session of bob on desk had left"))
                try await shop.expect("laptop")
                try await shop.end(plugin, before: before)
                try await local.stop()
            }
        }
    }
}
