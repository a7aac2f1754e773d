import Foundation
import Testing

/// Everything that runs on the cluster, one test at a time: they share two cores and one node.
@Suite(
    .serialized, .enabled(if: Lab.isAvailable, "needs the local cluster: run make test"),
    .timeLimit(.minutes(Lab.minutesPerTest)))
struct EndToEnd {}

extension EndToEnd {
    @Suite struct InterceptTests {
        @Test(
            "traffic comes to the laptop, and after Ctrl-C the Service is what it was", arguments: Shop.Maker.allCases)
        func interceptAndRestore(maker: Shop.Maker) async throws {
            try await Shop.with(maker: maker) { shop in
                let local = try await LocalProcess.start(port: 3000)
                let before = try await shop.serviceText()
                try await shop.expect("cluster")
                let plugin = try await shop.intercept("--port", "3000")
                try await shop.expect("laptop")
                try await shop.end(plugin, before: before)
                try await shop.expect("cluster")
                try await local.stop()
            }
        }

        @Test("after kill -9 the originals answer at once, and the cluster undoes the session by itself")
        func kill() async throws {
            try await Shop.with { shop in
                let local = try await LocalProcess.start(port: 3000)
                let before = try await shop.serviceText()
                let plugin = try await shop.intercept("--port", "3000", "--lease-duration", "5")
                try await shop.expect("laptop")
                let killedAt = Date()
                plugin.send(SIGKILL)
                try await eventually(within: 1.5, "originals answer") { try await shop.who() == "cluster" }
                try await eventually(within: 10, "restored within lease + 5 s") {
                    try await shop.serviceText() == before
                }
                #expect(Date().timeIntervalSince(killedAt) <= 10)
                try await eventually(within: 5, "no kubectl child is left") {
                    try await run(["pgrep", "-f", "namespace=\(shop.namespace)"]).status == 1
                }
                try await shop.expectRestored(before)
                try await local.stop()
            }
        }
    }
}
