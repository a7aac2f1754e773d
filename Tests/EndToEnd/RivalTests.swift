import Foundation
import Testing

extension EndToEnd {
    /// Two who want the same Service.
    @Suite struct RivalTests {
        @Test("of two intercepts begun at the same moment exactly one has the Service, and the other names its holder")
        func sameMoment() async throws {
            try await Shop.with(deployments: [Shop.deployment(replicas: 1)]) { shop in
                let local = try await LocalProcess.start(port: 3000)
                let before = try await shop.serviceText()
                let rivals = try ["laptop-1", "laptop-2"].map { host in
                    (host: host, plugin: try shop.start(["intercept", "web", "--port", "3000"], host: host))
                }
                try await eventually(within: 20, "one is refused") { rivals.contains { !$0.plugin.isRunning } }
                let loser = try #require(rivals.first { !$0.plugin.isRunning })
                let winner = try #require(rivals.first { $0.plugin.isRunning })
                try await loser.plugin.finish(within: 1).expectOneError(
                    saying: ["error: service/web is intercepted by admin on \(winner.host)"], status: 1)
                try await eventually(within: 60, "ready: \(winner.plugin.error)") {
                    winner.plugin.error.contains("now comes to")
                }
                try await shop.expect("laptop")
                #expect(try await shop.sessions().map(\.host) == [winner.host])
                try await shop.end(winner.plugin, before: before)
                try await local.stop()
            }
        }

        @Test("a Service that is replaced during the intercept belongs to whoever replaced it")
        func replaced() async throws {
            try await Shop.with(deployments: [Shop.deployment(replicas: 1)]) { shop in
                let local = try await LocalProcess.start(port: 3000)
                let plugin = try await shop.intercept("--port", "3000")
                try await shop.expect("laptop")
                try await kubectl("-n", shop.namespace, "replace", "--force", input: Shop.service)
                let replacement = try await shop.serviceText()
                try await plugin.finish(within: 30).expectOneError(
                    saying: ["error: service/web was deleted"], status: 1)
                try await shop.expectRestored(replacement)
                #expect(!replacement.contains("kubectl-tunnel"))
                try await shop.expect("cluster")
                try await local.stop()
            }
        }

        @Test("a colleague's selector wins although no pod has its labels, and nobody waits for one")
        func emptySelector() async throws {
            try await Shop.with(deployments: [Shop.deployment(replicas: 1)]) { shop in
                let local = try await LocalProcess.start(port: 3000)
                let plugin = try await shop.intercept("--port", "3000")
                let service = Shop.service.replacingOccurrences(of: "tier: fe", with: "tier: be")
                try await shop.apply(service)
                try await plugin.finish(within: 20).expectOneError(
                    saying: ["error: another client (kubectl-client-side-apply) changed the selector of service/web"],
                    status: 1)
                try await shop.expectNothingLeft()
                let text = try await shop.serviceText()
                #expect(text.contains("\"tier\": \"be\""))
                #expect(!text.contains("kubectl-tunnel"))
                try await local.stop()
            }
        }

        @Test("stop ends an intercept that is still being set up", arguments: ["lease", "proxy created"])
        func stopped(step: String) async throws {
            try await Shop.with(deployments: [Shop.deployment(replicas: 1)]) { shop in
                let before = try await shop.serviceText()
                let plugin = try shop.start(["intercept", "web", "--port", "3000", "--no-wait"])
                try await eventually(within: 20, "\(step): \(plugin.error)") { plugin.error.contains(step) }
                let stop = try await shop.start(["stop", "web"]).finish(within: 20)
                #expect(stop.status == 0, "\(stop.error)")
                #expect(stop.output.hasPrefix("service/web is free"))
                let result = try await plugin.finish(within: 20)
                #expect(result.status == 0)
                #expect(result.error.contains("stopped by admin on laptop"), "\(result.error)")
                try await shop.expectRestored(before)
            }
        }
    }
}
