import Foundation
import Testing

extension EndToEnd {
    /// A pod that another user of the namespace made to look like the proxy's.
    @Suite struct ImpostorTests {
        private static let name = "kt-4b5e57f6eb-proxy-0"

        /// Kills the port-forward: the plugin looks for the proxy again.
        private static func cut(_ plugin: Running) throws {
            let forward = try #require(PortForwardChild(of: plugin.pid))
            kill(forward.process.pid, SIGKILL)
        }

        @Test(
            "with the proxy's labels and the first name it is not taken for the proxy, and there is no Secret to read")
        func labels() async throws {
            try await Shop.with(deployments: [Shop.deployment(replicas: 1)]) { shop in
                let local = try await LocalProcess.start(port: 3000)
                let before = try await shop.serviceText()
                let plugin = try await shop.intercept("--port", "3000", "-v")
                let session = try #require(try await shop.sessions().first?.session)
                try await shop.apply(
                    """
                    apiVersion: v1
                    kind: Pod
                    metadata:
                      name: \(Self.name)
                      labels:
                        {kubectl-tunnel/session: \(session), kubectl-tunnel/service: web, kubectl-tunnel/component: proxy}
                    spec:
                      terminationGracePeriodSeconds: 0
                      containers:
                      - {name: proxy, image: \(Lab.shared.workloadImage), env: [{name: PORTS, value: "8080"}]}
                    """)
                try await kubectl(
                    "-n", shop.namespace, "wait", "--for=condition=Ready", "pod/\(Self.name)", "--timeout=60s")
                let secrets = try await kubectl("-n", shop.namespace, "get", "secrets", "-o", "jsonpath={..type}")
                #expect(!secrets.contains("Opaque"))
                for round in 1...2 {
                    try Self.cut(plugin)
                    try await eventually(within: 20, "round \(round), told as back: \(plugin.error)") {
                        plugin.error.components(separatedBy: "tunnel is back").count == round + 1
                    }
                    try await shop.expect("laptop")
                }
                #expect(!plugin.error.contains(Self.name))
                try await kubectl("-n", shop.namespace, "delete", "pod", Self.name)
                try await shop.end(plugin, before: before)
                try await local.stop()
            }
        }

        @Test("the Service is not switched to a proxy whose key the Lease does not have")
        func key() async throws {
            try await Shop.with(deployments: [Shop.deployment(replicas: 1)]) { shop in
                let local = try await LocalProcess.start(port: 3000)
                let before = try await shop.serviceText()
                let plugin = try await shop.intercept("--port", "3000", "-v")
                // Whoever cannot write the Lease cannot say that this is its key.
                try await kubectl("-n", shop.namespace, "delete", "role", "kt-4b5e57f6eb-proxy")
                try await kubectl("-n", shop.namespace, "delete", "pod", "-l", "kubectl-tunnel/component=proxy")
                try await eventually(within: 60, "the pod is not believed: \(plugin.error)") {
                    plugin.error.contains("does not prove that it is the proxy")
                }
                #expect(try await shop.serviceText() == before)
                try await shop.end(plugin, before: before)
                try await local.stop()
            }
        }
    }
}
