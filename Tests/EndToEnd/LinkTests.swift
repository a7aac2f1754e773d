import Foundation
import Testing

extension EndToEnd {
    /// The way between laptop and proxy is cut in mid-session.
    @Suite struct LinkTests {
        /// Kills the port-forward, and wants the tunnel back with the same session.
        private static func cut(_ plugin: Running, _ shop: Shop) async throws {
            let session = try await shop.sessions().first?.session
            let lost = plugin.error.components(separatedBy: "tunnel lost").count
            let back = plugin.error.components(separatedBy: "tunnel is back").count
            guard let forward = PortForwardChild(of: plugin.pid) else { throw Missed(description: "no port-forward") }
            kill(forward.process.pid, SIGKILL)
            try await eventually(within: 10, "told as lost: \(plugin.error)") {
                plugin.error.components(separatedBy: "tunnel lost").count == lost + 1
            }
            try await eventually(within: 20, "told as back: \(plugin.error)") {
                plugin.error.components(separatedBy: "tunnel is back").count == back + 1
            }
            try await shop.expect("laptop")
            #expect(try await shop.sessions().first?.session == session)
        }

        @Test("a tunnel that is lost before the switch ends the session at once: there is nothing to drain")
        func lostBeforeSwitch() async throws {
            // Without original pods the proxy looks for them for 8 s before the switch.
            try await Shop.with(deployments: [Shop.deployment(replicas: 0)]) { shop in
                let before = try await shop.serviceText()
                let plugin = try shop.start(["intercept", "web", "--port", "3000", "--no-wait", "--yes"])
                try await eventually(within: 60, "the tunnel is up: \(plugin.error)") {
                    plugin.error.contains("tunnel up")
                }
                let forward = try #require(PortForwardChild(of: plugin.pid))
                kill(forward.process.pid, SIGKILL)
                let result = try await plugin.finish(within: 15)
                #expect(result.status == 1)
                #expect(result.error.contains("the proxy did not answer"))
                try await shop.expectRestored(before)
            }
        }

        @Test("a port-forward that is killed: the originals answer, then the laptop again, in the same session")
        func killed() async throws {
            try await Shop.with(deployments: [Shop.deployment(replicas: 1)]) { shop in
                let local = try await LocalProcess.start(port: 3000)
                let before = try await shop.serviceText()
                let plugin = try await shop.intercept("--port", "3000")
                let load = try Load.start(.connectionPerRequest, target: "\(try await shop.address()):80", rate: 50)
                try await load.expect("laptop")
                for _ in 0..<2 { try await Self.cut(plugin, shop) }
                try await load.expect("laptop")
                let summary = try await load.finish()
                // A request that was at the laptop when the way was cut has no other way to end.
                #expect(summary.failed <= 2, "\(load.failures)")
                #expect((summary.who["cluster"] ?? 0) > 0)
                try await shop.end(plugin, before: before)
                try await local.stop()
            }
        }

        @Test("a kubectl proxy that is killed is restarted: the Lease is renewed, and the session goes on")
        func killedProxy() async throws {
            try await Shop.with(deployments: [Shop.deployment(replicas: 1)]) { shop in
                let local = try await LocalProcess.start(port: 3000)
                let before = try await shop.serviceText()
                let plugin = try await shop.intercept("--port", "3000", "--lease-duration", "5")
                for _ in 0..<2 {
                    let proxy = Descendants.of(plugin.pid).first {
                        $0.command.contains(" proxy ") && !$0.command.contains("__guard")
                    }
                    kill(try #require(proxy).pid, SIGKILL)
                    let renewed = try await shop.renewTime()
                    try await eventually(within: 5, "the Lease is renewed") { try await shop.renewTime() != renewed }
                }
                #expect(try await shop.who() == "laptop")
                try await shop.end(plugin, before: before)
                try await local.stop()
            }
        }

        @Test("kubectl config use-context in mid-session: the tunnel comes back to the first cluster")
        func otherContext() async throws {
            try await Shop.with(deployments: [Shop.deployment(replicas: 1)]) { shop in
                let config = Lab.shared.folder.appendingPathComponent(UUID().uuidString).path
                try FileManager.default.copyItem(atPath: Lab.shared.kubeconfig("admin"), toPath: config)
                let local = try await LocalProcess.start(port: 3000)
                let before = try await shop.serviceText()
                let plugin = try await shop.intercept("--port", "3000", environment: ["KUBECONFIG": config])
                try await run([Lab.shared.kubectl, "--kubeconfig=\(config)", "config", "use-context", "other"])
                try await Self.cut(plugin, shop)
                try await shop.end(plugin, before: before)
                try await local.stop()
            }
        }
    }
}
