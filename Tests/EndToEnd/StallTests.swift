import Foundation
import Testing

extension EndToEnd {
    /// The way between laptop and proxy goes silent without breaking.
    @Suite struct StallTests {
        /// Who answers one new connection, and after how many seconds.
        private static func answer(_ address: String) async throws -> (who: String, seconds: Double) {
            let result = try await run(
                Lab.shared.node + [
                    "curl", "-s", "-m", "10", "--noproxy", "*", "-w", " %{time_total}", "http://\(address)/",
                ])
            let words = result.output.split { $0 == " " || $0 == "\n" }
            let who = words.first { $0.hasPrefix("who=") }.map { String($0.dropFirst(4)) }
            return (who ?? "", words.last.flatMap { Double($0) } ?? .infinity)
        }

        private static func withStall(
            _ body: (_ shop: Shop, _ plugin: Running, _ forward: ProcessEntry) async throws -> Void
        ) async throws {
            try await Shop.with(deployments: [Shop.deployment(replicas: 1)]) { shop in
                let local = try await LocalProcess.start(port: 3000)
                let before = try await shop.serviceText()
                let plugin = try await shop.intercept("--port", "3000", "-v")
                try await shop.expect("laptop")
                let address = try await shop.address()
                let load = try Load.start(.connectionPerRequest, target: "\(address):80", rate: 20)
                try await load.expect("laptop")
                let forward = try #require(PortForwardChild(of: plugin.pid)).process
                kill(forward.pid, SIGSTOP)
                defer { kill(forward.pid, SIGCONT) }
                let first = try await Self.answer(address)
                #expect(first.who == "cluster")
                #expect(first.seconds < 2)
                // The link is suspect now: nobody waits for it any more.
                for _ in 0..<3 {
                    let next = try await Self.answer(address)
                    #expect(next.who == "cluster")
                    #expect(next.seconds < 0.5)
                }
                try await body(shop, plugin, forward)
                try await load.expect("laptop")
                let summary = try await load.finish()
                // A request that was at the laptop when the way fell silent waits there.
                #expect(summary.failed <= 2, "\(load.failures)")
                try await shop.end(plugin, before: before)
                try await local.stop()
            }
        }

        @Test("a tunnel that is silent for a moment: the originals answer, then the laptop on the same connection")
        func moment() async throws {
            try await Self.withStall { shop, plugin, forward in
                kill(forward.pid, SIGCONT)
                try await shop.expect("laptop")
                #expect(!plugin.error.contains("tunnel lost"), "\(plugin.error)")
                #expect(forward.isRunning)
            }
        }

        @Test("a tunnel that stays silent is replaced, in the same session, and the silent kubectl is ended")
        func forGood() async throws {
            try await Self.withStall { shop, plugin, forward in
                let session = try await shop.sessions().first?.session
                try await eventually(within: 15, "told as lost: \(plugin.error)") {
                    plugin.error.contains("tunnel lost")
                }
                try await eventually(within: 15, "told as back: \(plugin.error)") {
                    plugin.error.contains("tunnel is back")
                }
                try await shop.expect("laptop")
                #expect(try await shop.sessions().first?.session == session)
                // A stopped process hears no SIGTERM, and nobody waits for it.
                try await eventually(within: 10, "the silent kubectl is ended") { !forward.isRunning }
            }
        }

        @Test("a laptop that sleeps for longer than its Lease: when it wakes, a colleague's session is left alone")
        func sleep() async throws {
            try await Shop.with(deployments: [Shop.deployment(replicas: 1)]) { shop in
                let local = try await LocalProcess.start(port: 3000)
                let colleagues = try await LocalProcess.start(who: "colleague", port: 3001)
                let before = try await shop.serviceText()
                let plugin = try await shop.intercept("--port", "3000", "--lease-duration", "5", host: "laptop-1")
                try await shop.expect("laptop")
                plugin.send(SIGSTOP)
                try await eventually(within: 20, "the cluster ends the session") {
                    try await shop.leftovers().isEmpty
                }
                #expect(try await shop.serviceText() == before)
                let second = try await shop.intercept("--port", "3001", host: "laptop-2")
                try await shop.expect("colleague")
                plugin.send(SIGCONT)
                try await plugin.finish(within: 20).expectOneError(saying: ["error: "], status: 1)
                try await shop.expect("colleague")
                #expect(try await shop.sessions().map(\.host) == ["laptop-2"])
                #expect(!second.error.contains("tunnel lost"), "\(second.error)")
                try await shop.end(second, before: before)
                try await colleagues.stop()
                try await local.stop()
            }
        }
    }
}
