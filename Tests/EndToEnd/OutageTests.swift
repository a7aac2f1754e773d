import FaultBench
import Foundation
import Testing

extension EndToEnd {
    /// Clocks that are wrong, connections that die, laptops that sleep: what may and may not end a session.
    @Suite struct OutageTests {
        private static let lease = 5

        @Test(
            "a laptop whose clock is wrong renews, lists and ends as any other",
            arguments: Lab.isThorough ? [-86_400, -3600, 3600, 86_400] : [-86_400, 3600])
        func wrongClock(seconds: Int) async throws {
            try await Shop.with(deployments: [Shop.deployment(replicas: 1)]) { shop in
                let local = try await LocalProcess.start(port: 3000)
                let before = try await shop.serviceText()
                let clock = try await WrongClock.environment(seconds: seconds)
                let plugin = try await shop.intercept(
                    "--port", "3000", "--lease-duration", "\(Self.lease)", environment: clock)
                let load = try Load.start(.connectionPerRequest, target: "\(try await shop.address()):80", rate: 50)
                try await load.expect("laptop")
                // Three renewals: whoever compared clocks would have ended the session by now.
                var renewed = try await shop.renewTime()
                for _ in 0..<3 {
                    try await eventually(within: 5, "renewed") { try await shop.renewTime() != renewed }
                    renewed = try await shop.renewTime()
                }
                #expect(try await shop.sessions().map(\.state) == ["active"])
                let second = try shop.start(["intercept", "web", "--port", "3000"], host: "other")
                try await second.finish(within: 20).expectOneError(
                    saying: ["error: service/web is intercepted by admin on laptop"], status: 1)
                #expect(load.recent(20).allSatisfy { $0 == "laptop" })
                plugin.send(SIGKILL)
                try await eventually(within: Double(Self.lease) + 5, "restored within lease + 5 s") {
                    try await shop.serviceText() == before
                }
                try await load.expect("cluster")
                // Requests that were at the laptop when it was killed.
                #expect(try await load.finish().failed <= 2, "\(load.failures)")
                try await shop.expectRestored(before)
                try await local.stop()
            }
        }

        @Test("a Lease that expires while kubectl is silent: the plugin says so, and does not take the Service again")
        func expiredBehindKubectl() async throws {
            try await Shop.with(deployments: [Shop.deployment(replicas: 1)]) { shop in
                let local = try await LocalProcess.start(port: 3000)
                let before = try await shop.serviceText()
                let plugin = try await shop.intercept("--port", "3000", "--lease-duration", "5")
                try await shop.expect("laptop")
                let child = try #require(
                    Descendants.of(plugin.pid).first {
                        $0.command.contains(" proxy ") && !$0.command.contains("__guard")
                    })
                kill(child.pid, SIGSTOP)
                defer { kill(child.pid, SIGCONT) }
                try await eventually(within: 15, "expired") { try await shop.serviceText() == before }
                try await plugin.finish(within: 60).expectOneError(
                    saying: ["error: the session has ended: lease/tunnel-web expired"], status: 1)
                #expect(!plugin.error.contains("tunnel is back"), "\(plugin.error)")
                try await shop.expectRestored(before)
                try await local.stop()
            }
        }

        @Test("connections to the API server that die without a word do not cost the session")
        func deadConnections() async throws {
            try await Shop.with(deployments: [Shop.deployment(replicas: 1)]) { shop in
                let (local, network) = (try await LocalProcess.start(port: 3000), try BadNetwork())
                let before = try await shop.serviceText()
                // kubectl gives such a connection up after 45 s.
                let plugin = try await shop.intercept(
                    "--port", "3000", "--lease-duration", "15", environment: network.environment)
                try await shop.expect("laptop")
                network.relay.freeze()
                try await eventually(within: 15, "told of it: \(plugin.error)") {
                    plugin.error.contains("tunnel lost")
                }
                for _ in 0..<2 {
                    let renewed = try await shop.renewTime()
                    try await eventually(within: 14, "renewed") { try await shop.renewTime() != renewed }
                }
                try await eventually(within: 10, "the tunnel is back: \(plugin.error)") {
                    plugin.error.contains("tunnel is back")
                }
                try await shop.expect("laptop")
                try await shop.end(plugin, before: before)
                network.relay.stop()
                try await local.stop()
            }
        }

        @Test(
            "a laptop that sleeps for half its Lease goes on; one that sleeps longer ends, and says why",
            arguments: Lab.isThorough ? [0.5, 1.1, 3] : [0.5, 3])
        func sleep(leases: Double) async throws {
            try await Shop.with(deployments: [Shop.deployment(replicas: 1)]) { shop in
                let local = try await LocalProcess.start(port: 3000)
                let before = try await shop.serviceText()
                let plugin = try await shop.intercept("--port", "3000", "--lease-duration", "\(Self.lease)")
                let load = try Load.start(.connectionPerRequest, target: "\(try await shop.address()):80", rate: 50)
                try await load.expect("laptop")
                let session = try await shop.sessions().first?.session
                plugin.send(SIGSTOP)
                try await load.expect("cluster")
                try await Task.sleep(for: .seconds(leases * Double(Self.lease)))
                plugin.send(SIGCONT)
                // It goes on with the same session, or it has ended and says so: never anything in between.
                try await eventually(within: 20, "goes on or has ended: \(plugin.error)") {
                    !plugin.isRunning || load.recent(5).allSatisfy { $0 == "laptop" }
                }
                if plugin.isRunning {
                    #expect(leases <= 1.5)
                    #expect(try await shop.sessions().first?.session == session)
                    try await shop.end(plugin, before: before)
                } else {
                    #expect(leases > 1)
                    let result = try await plugin.finish(within: 5)
                    #expect(result.status == 1)
                    #expect(result.error.contains("error: "), "\(result.error)")
                    try await shop.expectRestored(before)
                }
                try await load.expect("cluster")
                #expect(try await load.finish().failed <= 2, "\(load.failures)")
                try await local.stop()
            }
        }

        @Test("a Lease that is deleted while nobody who restores can run: the Service answers all the time")
        func nobodyRestores() async throws {
            try await Shop.with(deployments: [Shop.deployment(replicas: 1)]) { shop in
                let local = try await LocalProcess.start(port: 3000)
                let before = try await shop.serviceText()
                let plugin = try await shop.intercept("--port", "3000", "--lease-duration", "\(Self.lease)")
                let load = try Load.start(.connectionPerRequest, target: "\(try await shop.address()):80", rate: 50)
                try await load.expect("laptop")
                // The proxy lives, for it carries the traffic, but may not touch anything any more; the plugin sleeps.
                try await kubectl("-n", shop.namespace, "delete", "rolebinding", "-l", "kubectl-tunnel/session")
                plugin.send(SIGSTOP)
                try await kubectl("-n", shop.namespace, "delete", "lease", "tunnel-web")
                let observer = try Observer.start(shop.namespace)
                // Owned by the Lease, everything would be collected within a second.
                let count = load.recent(100_000).count
                try await eventually(within: 60, "500 requests more") { load.recent(100_000).count > count + 500 }
                var history = History()
                try observer.add(to: &history)
                try await observer.stop()
                #expect(history.endpoints.allSatisfy { $0.ready > 0 })
                #expect(!(try await shop.leftovers()).isEmpty)
                plugin.send(SIGCONT)
                _ = try await plugin.finish(within: 40)
                try await load.expect("cluster")
                #expect(try await load.finish().failed <= 2, "\(load.failures)")
                try await shop.expectRestored(before)
                try await local.stop()
            }
        }

        @Test("annotations on the Lease, every second after kill -9, are no sign of life")
        func annotations() async throws {
            try await Shop.with(deployments: [Shop.deployment(replicas: 1)]) { shop in
                let local = try await LocalProcess.start(port: 3000)
                let before = try await shop.serviceText()
                let plugin = try await shop.intercept("--port", "3000", "--lease-duration", "\(Self.lease)")
                plugin.send(SIGKILL)
                let killedAt = monotonicSeconds()
                var count = 0
                try await eventually(within: Double(Self.lease) + 5, "restored within lease + 5 s") {
                    count += 1
                    let words = [
                        "-n", shop.namespace, "annotate", "lease", "tunnel-web", "another client/else=\(count)",
                    ]
                    _ = try await run([Lab.shared.kubectl] + words + ["--overwrite"])
                    try await Task.sleep(for: .milliseconds(700))
                    return try await shop.serviceText() == before
                }
                #expect(count >= 3, "annotated until \(monotonicSeconds() - killedAt) s after the kill")
                try await shop.expectRestored(before)
                try await local.stop()
            }
        }

        @Test(
            "cleaning up twice at once and once more: each time the same state, and no error but that there is nothing")
        func twice() async throws {
            try await Shop.with(deployments: [Shop.deployment(replicas: 1)]) { shop in
                let local = try await LocalProcess.start(port: 3000)
                let before = try await shop.serviceText()
                let plugin = try await shop.intercept("--port", "3000")
                // Three stops and the plugin's own end, at the same moment; the proxy helps.
                let stops = try (0..<3).map { try shop.start(["stop", "web", "--force"], host: "colleague-\($0)") }
                plugin.send(SIGINT)
                for stop in stops {
                    let result = try await stop.finish(within: 60)
                    #expect(result.status == 0 || result.error.contains("is not intercepted"), "\(result.error)")
                }
                #expect(try await plugin.finish(within: 60).status == 0, "\(plugin.error)")
                try await shop.expectRestored(before)
                try await shop.start(["stop", "web"]).finish(within: 20).expectOneError(
                    saying: ["error: service/web is not intercepted"], status: 1)
                try await shop.expectRestored(before)
                try await local.stop()
            }
        }

        @Test("of twenty intercepts begun at the same moment one has the Service, and nineteen name it")
        func twenty() async throws {
            try await Shop.with(deployments: [Shop.deployment(replicas: 1)]) { shop in
                let local = try await LocalProcess.start(port: 3000)
                let before = try await shop.serviceText()
                let rivals = try (1...20).map { number in
                    (
                        host: "host-\(number)",
                        plugin: try shop.start(
                            ["intercept", "web", "--port", "3000"], host: "host-\(number)")
                    )
                }
                try await eventually(within: 120, "nineteen are refused") {
                    rivals.count { !$0.plugin.isRunning } >= 19
                }
                let winner = try #require(rivals.first { $0.plugin.isRunning })
                for rival in rivals where rival.host != winner.host {
                    try await rival.plugin.finish(within: 1).expectOneError(
                        saying: ["error: service/web is intercepted by admin on \(winner.host)"], status: 1)
                }
                try await eventually(within: 60, "ready: \(winner.plugin.error)") {
                    winner.plugin.error.contains("now comes to")
                }
                try await shop.expect("laptop")
                try await shop.end(winner.plugin, before: before)
                try await local.stop()
            }
        }
    }
}
