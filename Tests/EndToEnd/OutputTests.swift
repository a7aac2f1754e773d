import Foundation
import Testing

extension EndToEnd {
    @Suite struct OutputTests {
        @Test("list shows the session in every form, and with -A in every namespace")
        func list() async throws {
            try await Shop.with(deployments: [Shop.deployment(replicas: 1)]) { shop in
                let empty = try await shop.start(["list"]).finish(within: 10)
                #expect(empty.status == 0)
                #expect(empty.output.isEmpty)
                #expect(empty.error == "No tunnels in namespace \(shop.namespace).\n")

                let local = try await LocalProcess.start(port: 3000)
                let before = try await shop.serviceText()
                let plugin = try await shop.intercept("--port", "3000", host: "laptop-1")
                try await eventually(within: 5, "the proxy has said that the session is active") {
                    try await shop.sessions().first?.state == "active"
                }
                let row = try #require(try await shop.sessions().first)
                #expect(
                    row
                        == SessionRow(
                            namespace: shop.namespace, service: "web", ports: "80:3000", user: "admin",
                            host: "laptop-1", session: row.session, state: "active"))
                let table = Self.cells(try await shop.list())
                #expect(table.first == ["SERVICE", "PORTS", "USER", "HOST", "AGE", "STATE"])
                #expect(table.count == 2)
                #expect(table.last?.prefix(4) == ["web", "80:3000", "admin", "laptop-1"])
                #expect(table.last?.last == "active")
                #expect(Self.cells(try await shop.list("-o", "wide")).last?.last == row.session)
                #expect(try await shop.list("-o", "name") == "service/web\n")
                let yaml = try await shop.list("-o", "yaml")
                #expect(yaml.contains("service: web"))
                #expect(yaml.contains("state: active"))
                let all = Self.cells(try await shop.list("-A"))
                #expect(all.first?.first == "NAMESPACE")
                #expect(all.contains { $0.prefix(2) == [shop.namespace, "web"] })

                // The local process stops: it is told before a caller is refused.
                try await local.stop()
                try await eventually(within: 10, "the local process is said to be down: \(plugin.error)") {
                    try await shop.sessions().first?.state == "local-down"
                }
                #expect(plugin.error.contains("does not answer (nobody listens)"), "\(plugin.error)")
                let again = try await LocalProcess.start(port: 3000)
                try await eventually(within: 10, "it is active again: \(plugin.error)") {
                    try await shop.sessions().first?.state == "active"
                }
                // The laptop's link breaks: a colleague sees that, too.
                plugin.send(SIGSTOP)
                try await eventually(within: 15, "the session passes through") {
                    try await shop.sessions().first?.state == "passing-through"
                }
                plugin.send(SIGCONT)
                try await eventually(within: 30, "the session is active again: \(plugin.error)") {
                    try await shop.sessions().first?.state == "active"
                }
                try await shop.expect("laptop", within: 15)
                try await shop.end(plugin, before: before)
                try await again.stop()
            }
        }

        private static func cells(_ table: String) -> [[String]] {
            table.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
        }

        @Test("--dry-run prints objects that kubectl reads, and touches nothing")
        func dryRun() async throws {
            try await Shop.with(deployments: []) { shop in
                let before = try await shop.serviceText()
                let plugin = try shop.start(["intercept", "web", "--port", "3000", "--dry-run"])
                let result = try await plugin.finish(within: 10)
                #expect(result.status == 0, "\(result.error)")
                #expect(try await shop.serviceText() == before)
                #expect(try await shop.leftovers(endingPods: true).isEmpty)
                let read = try await kubectl(
                    "-n", shop.namespace, "apply", "--dry-run=client", "--validate=false", "-o", "name",
                    input: result.output)
                let kinds = read.split(separator: "\n").map { $0.split(separator: "/")[0] }
                #expect(
                    kinds == [
                        "lease.coordination.k8s.io", "service", "service", "serviceaccount",
                        "role.rbac.authorization.k8s.io", "rolebinding.rbac.authorization.k8s.io", "deployment.apps",
                    ])
                #expect(result.output.contains("# JSON Patch of service/web:"))
                #expect(try await shop.leftovers(endingPods: true).isEmpty)
            }
        }

        @Test("-o json tells each event as one JSON object a line on standard output, and nothing else")
        func json() async throws {
            try await Shop.with(deployments: [Shop.deployment(replicas: 1)]) { shop in
                let local = try await LocalProcess.start(port: 3000)
                let before = try await shop.serviceText()
                let plugin = try shop.start(["intercept", "web", "--port", "3000", "-o", "json"])
                try await eventually(within: 60, "ready: \(plugin.output)") { plugin.output.contains("\"ready\"") }
                plugin.send(SIGINT)
                let result = try await plugin.finish(within: 20)
                #expect(result.status == 0)
                #expect(result.error.isEmpty)
                let events = try result.output.split(separator: "\n").map { line in
                    try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
                }
                let names = events.compactMap { $0["event"] as? String }
                #expect(names.count == events.count)
                #expect(names.filter { $0 == "step" }.count == 6)
                #expect(
                    names.filter { $0 != "step" && $0 != "note" } == [
                        "intercepting", "ready", "test-it", "ending", "restored", "ended",
                    ])
                let intercepting = try #require(events.first { $0["event"] as? String == "intercepting" })
                #expect(intercepting["service"] as? String == "web")
                #expect(intercepting["namespace"] as? String == shop.namespace)
                #expect(intercepting["port"] as? Int == 80)
                #expect(intercepting["localPort"] as? Int == 3000)
                try await shop.expectRestored(before)
                try await local.stop()
            }
        }
    }
}
