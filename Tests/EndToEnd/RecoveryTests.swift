import Foundation
import Testing

extension EndToEnd {
    /// `doctor` and `restore`: what is wrong, and what dead sessions left.
    @Suite struct RecoveryTests {
        struct Finding: Decodable {
            var check: String
            var level: String
            var text: String
            var remedy: String?
        }

        private func doctor(_ shop: Shop, _ words: String..., user: String = "admin") async throws -> (
            status: Int32, findings: [Finding]
        ) {
            let result = try await shop.start(["doctor", "-o", "json"] + words, user: user).finish(within: 20)
            return (result.status, try JSONDecoder().decode([Finding].self, from: Data(result.output.utf8)))
        }

        @Test("a namespace and a Service in order: each line is ok")
        func healthy() async throws {
            try await Shop.with(deployments: [Shop.deployment(replicas: 1)]) { shop in
                let before = try await shop.serviceText()
                let (status, findings) = try await doctor(shop, "web")
                #expect(status == 0)
                #expect(findings.allSatisfy { $0.level == "ok" }, "\(findings)")
                #expect(
                    findings.map(\.check) == [
                        "kubectl", "server", "service", "rights", "failsafe", "image", "pods", "proxy's pod",
                        "earlier sessions",
                    ])
                try await shop.expectRestored(before)
            }
        }

        @Test("missing rights are named one by one, and the exit code is 1")
        func rights() async throws {
            try await Shop.with(deployments: [Shop.deployment(replicas: 1)]) { shop in
                let (status, findings) = try await doctor(shop, user: "carol")
                #expect(status == 1)
                let rights = findings.filter { $0.check == "rights" }
                #expect(rights.contains { $0.level == "error" && $0.text.contains("patch services") }, "\(findings)")
                #expect(rights.allSatisfy { $0.remedy != nil })
            }
        }

        @Test("a quota that has no room for the proxy's pod is told in the cluster's words, and nothing is made")
        func quota() async throws {
            try await Shop.with(deployments: [Shop.deployment(replicas: 1)]) { shop in
                try await kubectl(
                    "-n", shop.namespace, "create", "quota", "tight", "--hard=pods=1")
                try await eventually(within: 10, "the quota is counted") {
                    try await kubectl(
                        "-n", shop.namespace, "get", "quota", "tight", "-o", "jsonpath={.status.used.pods}")
                        == "1"
                }
                let (status, findings) = try await doctor(shop, "web")
                #expect(status == 1)
                let pod = try #require(findings.first { $0.check == "proxy's pod" })
                #expect(pod.level == "error" && pod.text.contains("exceeded quota"), "\(pod)")
                try await shop.expectNothingLeft()
            }
        }

        @Test("policies in the way of callers and of the proxy are named")
        func policies() async throws {
            try await Shop.with(deployments: [Shop.deployment(replicas: 1)]) { shop in
                try await shop.apply(
                    """
                    apiVersion: networking.k8s.io/v1
                    kind: NetworkPolicy
                    metadata: {name: closed}
                    spec: {podSelector: {}, policyTypes: [Ingress, Egress]}
                    ---
                    apiVersion: networking.k8s.io/v1
                    kind: NetworkPolicy
                    metadata: {name: web}
                    spec:
                      podSelector: {matchLabels: {app: web}}
                      policyTypes: [Ingress]
                      ingress: [{}]
                    """)
                let (status, findings) = try await doctor(shop, "web")
                #expect(status == 1)
                let policies = findings.filter { $0.check == "policies" }
                #expect(policies.map(\.level) == ["error", "warning"], "\(findings)")
                #expect(policies.allSatisfy { $0.text.contains("networkpolicy/closed") })
            }
        }

        @Test("what a dead session left is found by doctor and recovered by restore; a living one is left alone")
        func restore() async throws {
            try await Shop.with(deployments: [Shop.deployment(replicas: 1)]) { shop in
                let local = try await LocalProcess.start(port: 3000)
                let before = try await shop.serviceText()
                let plugin = try await shop.intercept("--port", "3000", "--lease-duration", "5")
                try await shop.expect("laptop")
                let alive = try await shop.start(["restore"]).finish(within: 20)
                #expect(alive.output == "service/web: in use by admin on laptop, left alone\n", "\(alive.everything)")
                #expect(alive.error.contains("watching for 5 s whether leases are renewed"), "\(alive.error)")
                try await shop.start(["restore", "wbe"]).finish(within: 20).expectOneError(
                    saying: ["error: there is no service/wbe", "did you mean web?"], status: 1)
                #expect(try await doctor(shop, "web").findings.last?.text == "1, each with a proxy that is ready")

                // The plugin is gone, and no proxy has the right to restore.
                plugin.send(SIGKILL)
                for kinds in ["rolebindings", "deployments"] {
                    try await kubectl("-n", shop.namespace, "delete", kinds, "-l", "kubectl-tunnel/session")
                }
                try await eventually(within: 30, "no proxy is ready") {
                    try await kubectl(
                        "-n", shop.namespace, "get", "pods", "-l", "kubectl-tunnel/session", "-o",
                        "go-template={{range .items}}{{if not .metadata.deletionTimestamp}}{{.metadata.name}}{{end}}{{end}}"
                    ).isEmpty
                }
                let (status, findings) = try await doctor(shop, "web")
                #expect(status == 0)
                #expect(findings.last?.level == "warning" && findings.last?.remedy != nil, "\(findings)")
                let recovered = try await shop.start(["restore", "web"]).finish(within: 40)
                #expect(recovered.status == 0, "\(recovered.error)")
                #expect(recovered.output == "service/web: restored, admin on laptop is cleaned up\n")
                try await shop.expect("cluster")
                try await shop.expectRestored(before, endingPods: false)
                let again = try await shop.start(["restore"]).finish(within: 20)
                #expect(again.output == "nothing to restore in namespace \(shop.namespace)\n")
                try await local.stop()
            }
        }

        @Test("a proxy that has lost its rights goes on passing through, until restore recovers it")
        func withoutRights() async throws {
            try await Shop.with { shop in
                let local = try await LocalProcess.start(port: 3000)
                let before = try await shop.serviceText()
                let plugin = try await shop.intercept("--port", "3000", "--lease-duration", "5")
                try await shop.expect("laptop")
                plugin.send(SIGKILL)
                try await kubectl("-n", shop.namespace, "delete", "rolebindings", "-l", "kubectl-tunnel/session")
                try await shop.expect("cluster")
                let load = try Load.start(.connectionPerRequest, target: "\(try await shop.address()):80", rate: 50)
                let recovered = try await shop.start(["restore", "web"]).finish(within: 40)
                #expect(
                    recovered.output == "service/web: restored, admin on laptop is cleaned up\n",
                    "\(recovered.everything)")
                let summary = try await load.finish()
                #expect(summary.failed == 0, "\(load.failures)")
                try await shop.expectRestored(before)
                try await local.stop()
            }
        }

        @Test(
            "where the copies of the selector differ traffic passes through until restore --selector says which is right"
        )
        func uncertain() async throws {
            try await Shop.with(deployments: [Shop.deployment(replicas: 1)]) { shop in
                let local = try await LocalProcess.start(port: 3000)
                let plugin = try await shop.intercept("--port", "3000", "--lease-duration", "5")
                try await shop.expect("laptop")
                let selector = #"{"metadata":{"annotations":{"kubectl-tunnel/original-selector":"{\"app\":\"x\"}"}}}"#
                try await kubectl(
                    "-n", shop.namespace, "patch", "service", "web", "--type=merge", "-p", selector)
                plugin.send(SIGINT)
                let result = try await plugin.finish(within: 30)
                #expect(result.error.contains("kubectl tunnel restore web --selector"), "\(result.error)")
                try await shop.expect("cluster")
                try await eventually(within: 20, "uncertain") {
                    try await shop.sessions().map(\.state) == ["uncertain"]
                }
                let refused = try await shop.start(["restore", "web"]).finish(within: 20)
                refused.expectOneError(
                    saying: ["is still switched", "kubectl tunnel restore web --selector"], status: 1)
                let recovered = try await shop.start(["restore", "web", "--selector", "app=web,tier=fe"]).finish(
                    within: 40)
                #expect(recovered.status == 0, "\(recovered.everything)")
                try await shop.expect("cluster")
                try await shop.expectNothingLeft()
                #expect(try await shop.serviceText().contains("\"tier\": \"fe\""))
                try await local.stop()
            }
        }
    }
}
