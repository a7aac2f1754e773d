import Foundation
import Testing

extension EndToEnd {
    /// Ends that were not Ctrl-C on a quiet afternoon.
    @Suite struct EndTests {
        private static func colleaguesService(selector: String) -> String {
            Shop.service.replacingOccurrences(of: "{app: web, tier: fe}", with: selector)
        }

        @Test(
            "a colleague's kubectl apply of the Service wins, and the intercept ends",
            arguments: ["{app: web, tier: fe}", "{app: web}"])
        func apply(selector: String) async throws {
            try await Shop.with(deployments: [Shop.deployment(replicas: 1)]) { shop in
                let local = try await LocalProcess.start(port: 3000)
                let plugin = try await shop.intercept("--port", "3000")
                try await shop.expect("laptop")
                try await shop.apply(Self.colleaguesService(selector: selector))
                try await plugin.finish(within: 20).expectOneError(
                    saying: ["error: another client (kubectl-client-side-apply) changed the selector of service/web"],
                    status: 1)
                try await shop.expectNothingLeft()
                try await shop.expect("cluster")
                let service = try await shop.serviceText()
                #expect(!service.contains("kubectl-tunnel"))
                #expect(!service.contains("publishNotReadyAddresses"))
                #expect(service.contains("\"tier\": \"fe\"") == selector.contains("tier"))
                #expect(service.contains("\"app\": \"web\""))
                try await local.stop()
            }
        }

        @Test("a Service deleted during the intercept ends it, and nothing is left")
        func deletedService() async throws {
            try await Shop.with(deployments: [Shop.deployment(replicas: 1)]) { shop in
                let local = try await LocalProcess.start(port: 3000)
                let plugin = try await shop.intercept("--port", "3000")
                try await kubectl("-n", shop.namespace, "delete", "service", "web")
                try await plugin.finish(within: 30).expectOneError(
                    saying: ["error: service/web was deleted"], status: 1)
                try await shop.expectNothingLeft()
                try await local.stop()
            }
        }

        @Test("SIGTERM and SIGHUP restore as Ctrl-C does", arguments: [SIGTERM, SIGHUP])
        func signals(signal: Int32) async throws {
            try await Shop.with(deployments: [Shop.deployment(replicas: 1)]) { shop in
                let local = try await LocalProcess.start(port: 3000)
                let before = try await shop.serviceText()
                let plugin = try await shop.intercept("--port", "3000")
                plugin.send(signal)
                let result = try await plugin.finish(within: 20)
                #expect(result.status == 0, "\(result.error)")
                try await shop.expectRestored(before)
                try await shop.expect("cluster")
                try await local.stop()
            }
        }

        @Test("a second Ctrl-C does not wait for open connections, and does not leave the Service switched")
        func secondInterrupt() async throws {
            try await Shop.with(deployments: [Shop.deployment(replicas: 1)]) { shop in
                let local = try await LocalProcess.start(port: 3000)
                let before = try await shop.serviceText()
                let plugin = try await shop.intercept("--port", "3000")
                try await shop.expect("laptop")
                // Open for longer than a drain may take.
                let address = try await shop.address()
                let stream = try Running(
                    Lab.shared.node + [
                        "curl", "-sN", "--noproxy", "*", "http://\(address)/stream?seconds=60",
                    ])
                try await eventually(within: 5, "the stream runs") { stream.output.contains("who=laptop") }
                plugin.send(SIGINT)
                try await eventually(within: 10, "restored: \(plugin.error)") {
                    plugin.error.contains("service/web is restored")
                }
                try await eventually(within: 10, "it says what it waits for: \(plugin.error)") {
                    plugin.error.contains("waiting up to 30 s for 1 connection; Ctrl-C again does not wait")
                }
                plugin.send(SIGINT)
                let result = try await plugin.finish(within: 5)
                #expect(result.status == 0, "\(result.error)")
                try await shop.expectRestored(before)
                try await shop.expect("cluster")
                stream.send(SIGKILL)
                try await local.stop()
            }
        }

        @Test("three Ctrl-C at once, also in the middle of setting up, leave nothing", arguments: ["lease", "created"])
        func manyInterrupts(step: String) async throws {
            try await Shop.with(deployments: [Shop.deployment(replicas: 1)]) { shop in
                let before = try await shop.serviceText()
                let plugin = try shop.start(["intercept", "web", "--port", "3000", "--no-wait"])
                try await eventually(within: 10, step) { plugin.error.contains(step) }
                for _ in 0..<3 { plugin.send(SIGINT) }
                let result = try await plugin.finish(within: 20)
                #expect(result.status == 0, "\(result.error)")
                try await shop.expectRestored(before)
            }
        }
    }
}
