import Foundation
import Testing

extension EndToEnd {
    /// Sessions whose plugin was killed, and who ends them.
    @Suite struct AbandonedTests {
        /// Starts an intercept and kills it once it has said something.
        private static func killed(_ shop: Shop, after step: String, _ words: String...) async throws {
            let plugin = try shop.start(["intercept", "web", "--port", "3000", "--no-wait"] + words)
            try await eventually(within: 30, "\(step): \(plugin.error)") { plugin.error.contains(step) }
            plugin.send(SIGKILL)
            _ = try await plugin.finish(within: 5)
        }

        @Test("kill -9 in the middle of setting up: a proxy that comes up later cleans up by itself")
        func settingUp() async throws {
            try await Shop.with(deployments: [Shop.deployment(replicas: 1)]) { shop in
                let before = try await shop.serviceText()
                try await Self.killed(shop, after: "proxy created", "--lease-duration", "5")
                try await eventually(within: 20, "nothing is left: \(try await shop.leftovers())") {
                    try await shop.leftovers().isEmpty
                }
                try await shop.expectRestored(before)
            }
        }

        @Test("stop ends a session that was killed before its proxy could run")
        func stopWithoutProxy() async throws {
            try await Shop.with(deployments: [Shop.deployment(replicas: 1)]) { shop in
                let before = try await shop.serviceText()
                try await Self.killed(shop, after: "proxy created", "--image", "registry.local/none:1")
                let states = try await shop.sessions().map(\.state)
                #expect(states == ["unknown"])
                let stop = try await shop.start(["stop", "web"]).finish(within: 40)
                #expect(stop.status == 0, "\(stop.error)")
                #expect(stop.output == "service/web is free\n")
                #expect(try await shop.sessions().isEmpty)
                try await shop.expectRestored(before)
            }
        }

        @Test("stop ends a killed session long before its Lease runs out: its proxy does it at once")
        func stopWithProxy() async throws {
            try await Shop.with(deployments: [Shop.deployment(replicas: 1)]) { shop in
                let before = try await shop.serviceText()
                try await Self.killed(shop, after: "now comes to", "--lease-duration", "600")
                try await eventually(within: 15, "the session passes through") {
                    try await shop.sessions().map(\.state) == ["passing-through"]
                }
                let stop = try await shop.start(["stop", "service/web"]).finish(within: 10)
                #expect(stop.status == 0, "\(stop.error)")
                #expect(stop.output.hasPrefix("service/web is free"), "\(stop.output)")
                try await shop.expectRestored(before)
                try await shop.expect("cluster")
            }
        }

        @Test("a colleague's kubectl apply after kill -9 wins: the proxy takes only the marks away")
        func apply() async throws {
            try await Shop.with(deployments: [Shop.deployment(replicas: 1)]) { shop in
                try await Self.killed(shop, after: "now comes to", "--lease-duration", "5")
                let service = Shop.service.replacingOccurrences(of: "{app: web, tier: fe}", with: "{app: web}")
                try await shop.apply(service)
                try await shop.expectNothingLeft()
                let text = try await shop.serviceText()
                #expect(!text.contains("kubectl-tunnel"), "\(text)")
                #expect(!text.contains("publishNotReadyAddresses"))
                #expect(!text.contains("\"tier\""))
                try await shop.expect("cluster")
            }
        }
    }
}
