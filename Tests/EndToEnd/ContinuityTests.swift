import Foundation
import Session
import Testing

extension EndToEnd {
    @Suite struct ContinuityTests {
        /// Three clients at once, 200 requests a second together: a connection a request, a pool of 20, and streams.
        ///
        /// A pool's connections stay where they are: to have one at the laptop, another starts in `body`.
        /// - Parameter localResets: How many resets may come from the backlog of a local server that closes its listener:
        ///   it had accepted those connections, as far as anybody could tell.
        private func withLoad(
            _ shop: Shop, localResets: Int = 0, _ body: (_ fresh: Load, _ loads: inout [Load]) async throws -> Void
        ) async throws {
            let target = "\(try await shop.address()):80"
            try await shop.expect("cluster")
            let fresh = try Load.start(.connectionPerRequest, target: target, rate: 100)
            var loads = [
                fresh, try Load.start(.keepAlivePool, target: target, rate: 50),
                try Load.start(.stream, target: target, rate: 0.5, streamSeconds: 6),
            ]
            try await fresh.expect("cluster")
            try await body(fresh, &loads)
            for load in loads {
                let summary = try await load.finish()
                print(
                    "\(summary.mode): \(summary.count) requests, \(summary.failed) failed, \(summary.who), longest gap \(summary.longest_gap) s"
                )
                let resets = summary.errors.filter { $0.key.contains("reset by peer") }.values.reduce(0, +)
                #expect(
                    resets <= localResets && summary.failed == resets, "\(summary.mode): \(load.failures.prefix(8))")
                #expect(summary.count > 0)
            }
        }

        /// A pool whose connections begin at the laptop.
        private func poolAtLaptop(_ shop: Shop) async throws -> Load {
            let pool = try Load.start(.keepAlivePool, target: "\(try await shop.address()):80", rate: 50)
            try await pool.expect("laptop")
            return pool
        }

        @Test("no request fails when the Service is switched, and when Ctrl-C restores it")
        func switchAndRestore() async throws {
            try await Shop.with { shop in
                let local = try await LocalProcess.start(port: 3000)
                let before = try await shop.serviceText()
                try await withLoad(shop) { fresh, loads in
                    let plugin = try await shop.intercept("--port", "3000")
                    try await fresh.expect("laptop")
                    loads.append(try await poolAtLaptop(shop))
                    try await shop.end(plugin, before: before)
                    try await fresh.expect("cluster")
                }
                try await local.stop()
            }
        }

        /// How a session ends without having been drained.
        enum Undrained: CaseIterable {
            case stoppedByForce, tunnelLost, interruptedAgain
        }

        @Test(
            "a node that follows late loses nothing when a session ends that is not drained",
            arguments: Undrained.allCases)
        func lateNode(end: Undrained) async throws {
            try await Shop.with { shop in
                let local = try await LocalProcess.start(port: 3000)
                let before = try await shop.serviceText()
                let plugin = try await shop.intercept("--port", "3000")
                let proxy = try await kubectl(
                    "-n", shop.namespace, "get", "pods", "-l", "kubectl-tunnel/component=proxy", "-o",
                    "jsonpath={.items[0].status.podIP}")
                let ending: Running
                var requests = 300
                switch end {
                case .stoppedByForce:
                    plugin.send(SIGKILL)
                    _ = try await plugin.finish()
                    ending = try shop.start(["stop", "web", "--force"], host: "colleague")
                case .tunnelLost:
                    // It wakes to a lost tunnel and to Ctrl-C.
                    let forward = try #require(PortForwardChild(of: plugin.pid))
                    plugin.send(SIGSTOP)
                    kill(forward.process.pid, SIGKILL)
                    plugin.send(SIGINT)
                    plugin.send(SIGCONT)
                    ending = plugin
                case .interruptedAgain:
                    plugin.send(SIGINT)
                    try await eventually(within: 10, "restored: \(plugin.error)") {
                        plugin.error.contains("service/web is restored")
                    }
                    plugin.send(SIGINT)
                    ending = plugin
                    requests = 200
                }
                let late = try Load.start(.connectionPerRequest, target: "\(proxy):8080", rate: 100)
                try await eventually(within: 30, "\(requests) requests") { late.count >= requests }
                let summary = try await late.finish()
                #expect(summary.failed == 0, "\(late.failures.prefix(4))")
                let result = try await ending.finish(within: 60)
                #expect(result.status == 0, "\(result.everything)")
                try await shop.expectRestored(before)
                try await local.stop()
            }
        }

        @Test("no request fails when the local process stops and starts again")
        func localRestart() async throws {
            try await Shop.with { shop in
                let local = try await LocalProcess.start(port: 3000)
                let before = try await shop.serviceText()
                try await withLoad(shop, localResets: 3) { fresh, loads in
                    let plugin = try await shop.intercept("--port", "3000")
                    try await fresh.expect("laptop")
                    local.process.send(SIGTERM)
                    try await fresh.expect("cluster")
                    try await eventually(within: 10, "told: \(plugin.error)") {
                        plugin.error.contains("does not answer")
                    }
                    _ = try await local.process.finish()
                    let again = try await LocalProcess.start(port: 3000)
                    try await fresh.expect("laptop")
                    try await eventually(within: 10, "told: \(plugin.error)") { plugin.error.contains("answers again") }
                    try await shop.end(plugin, before: before)
                    try await again.stop()
                }
            }
        }

        @Test(
            "the laptop gets the traffic again after its pod was deleted, although the warm-up Service was deleted before"
        )
        func deletedWarmUp() async throws {
            try await Shop.with { shop in
                let local = try await LocalProcess.start(port: 3000)
                let before = try await shop.serviceText()
                let plugin = try await shop.intercept("--port", "3000")
                let name = SessionNames(service: "web").warmUp
                try await kubectl("-n", shop.namespace, "delete", "service", name)
                try await kubectl(
                    "-n", shop.namespace, "delete", "pod", "-l", "kubectl-tunnel/component=proxy", "--wait=false")
                try await eventually(within: 40, "the tunnel is back: \(plugin.error)") {
                    plugin.error.contains("tunnel is back")
                }
                try await shop.expect("laptop")
                try await shop.end(plugin, before: before)
                try await local.stop()
            }
        }

        @Test("no request fails when the proxy's pod is deleted, twice, and the laptop gets the traffic again")
        func deletedPod() async throws {
            try await Shop.with { shop in
                let local = try await LocalProcess.start(port: 3000)
                let before = try await shop.serviceText()
                try await withLoad(shop) { fresh, loads in
                    let plugin = try await shop.intercept("--port", "3000")
                    try await fresh.expect("laptop")
                    loads.append(try await poolAtLaptop(shop))
                    for round in 1...2 {
                        // From then on the Service keeps a pod that ends; since 1.26 every Service does.
                        try await eventually(within: 90, "pods that end are kept") {
                            let text = try await shop.serviceText()
                            return Lab.serverMinor >= 26 || text.contains("publishNotReadyAddresses")
                        }
                        try await kubectl(
                            "-n", shop.namespace, "delete", "pod", "-l", "kubectl-tunnel/component=proxy",
                            "--wait=false")
                        try await eventually(within: 60, "the tunnel is back: \(plugin.error)") {
                            plugin.error.components(separatedBy: "tunnel is back").count > round
                        }
                        try await fresh.expect("laptop")
                    }
                    try await shop.end(plugin, before: before)
                }
                try await local.stop()
            }
        }
    }
}
