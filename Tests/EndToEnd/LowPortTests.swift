import Foundation
import Testing

extension EndToEnd {
    @Suite struct LowPortTests {
        private static let service = PortTests.service("[{port: 80, targetPort: 80}]")
        private static let deployment = Shop.deployment(
            labels: "app: web", ports: "80", containerPorts: "[{containerPort: 80}]", replicas: 1, runAsUser: 0)

        @Test("a target port below 1024, on a node whose kubelet allows it")
        func allowed() async throws {
            try await Shop.with(service: Self.service, deployments: [Self.deployment]) { shop in
                let local = try await LocalProcess.start(port: 3000)
                let before = try await shop.serviceText()
                let plugin = try await shop.intercept("--port", "3000", "--force")
                try await shop.expect("laptop")
                try await shop.end(plugin, before: before)
                try await shop.expect("cluster")
                try await local.stop()
            }
        }

        @Test(
            "a target port below 1024, on a node whose kubelet forbids it: refused at once, and nothing is left",
            .servers(before: 22, "since 1.22 the setting is a safe one, which no kubelet forbids"))
        func forbidden() async throws {
            try await Shop.with(service: Self.service, deployments: [Self.deployment]) { shop in
                try await Kubelet.withOther("--no-sysctl") {
                    // The new kubelet takes the pods of all tests first: it is through with them when it starts another.
                    try await kubectl("-n", shop.namespace, "scale", "deployment/web", "--replicas=2")
                    try await kubectl(
                        "-n", shop.namespace, "rollout", "status", "deployment/web", "--timeout=60s")
                    try await shop.expectRefusal(
                        ["intercept", "web", "--port", "3000", "--no-wait", "--force"],
                        saying: [
                            "error: the node rejected the proxy's pod: SysctlForbidden",
                            "hint: this node's kubelet forbids ports below 1024",
                        ], within: 10)
                    try await shop.expect("cluster")
                }
            }
        }
    }
}
