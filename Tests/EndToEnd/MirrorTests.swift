import Foundation
import Testing

extension EndToEnd {
    /// Copies of a Service's traffic, which others answer.
    @Suite struct MirrorTests {
        private static let users = ["alice", "bob"]
        private static let nobody: Set<String> = ["cluster"]

        private static func mirror(_ shop: Shop, _ user: String, _ words: String...) async throws -> Running {
            let plugin = try shop.start(
                ["mirror", "web", "--lease-duration", "5"] + words, host: "\(user)-laptop",
                environment: ["USER": user])
            try await eventually(within: 60, "\(user) mirrors: \(plugin.error)") {
                guard plugin.isRunning else { throw Missed(description: "plugin ended: \(plugin.error)") }
                return plugin.error.contains("now come to")
            }
            return plugin
        }

        /// Waits until the proxy has said in the list that so many mirrors got copies.
        private static func expectCopies(_ shop: Shop, mirrors: Int) async throws {
            try await eventually(within: 30, "copies in the list: \(try await shop.list("-o", "wide"))") {
                try await shop.sessions().count { $0.mirror == true && $0.connections ?? 0 > 0 } == mirrors
            }
        }

        @Test("mirrors beside each other and beside an intercept get copies, and nobody notices them come, go or die")
        func copies() async throws {
            try await Shop.with { shop in
                let locals = [
                    try await LocalProcess.start(who: "alice-laptop", port: 3000),
                    try await LocalProcess.start(who: "bob-laptop", port: 3001),
                    try await LocalProcess.start(who: "carol-laptop", port: 3002),
                ]
                let before = try await shop.serviceText()
                let target = "\(try await shop.address()):80"
                try await shop.expect("cluster")
                var loads = [try Load.start(.connectionPerRequest, target: target, rate: 40, users: Self.users)]
                func expect(bob: String) async throws {
                    for load in loads { try await load.expect(["alice": Self.nobody, "bob": [bob]]) }
                }
                try await expect(bob: "cluster")
                // The first makes the tunnel; its copies are whole connections.
                let alice = try await Self.mirror(shop, "alice", "--port", "3000")
                try await Self.expectCopies(shop, mirrors: 1)
                // Connections that were open before would stay at the pods.
                loads.append(try Load.start(.keepAlivePool, target: target, rate: 40, users: Self.users))
                let bob = try await Self.mirror(shop, "bob", "--port", "3001", "--header", "x-user=bob")
                #expect(bob.error.contains("copies of requests to service/web port 80"), "\(bob.error)")
                try await expect(bob: "cluster")
                try await Self.expectCopies(shop, mirrors: 2)
                let table = try await shop.list()
                #expect(table.contains("copies of all") && table.contains("copies of header:x-user=bob"), "\(table)")

                // One that answers goes beside them, with bob's very rule.
                let carol = try await shop.intercept(
                    "--port", "3002", "--header", "x-user=bob", host: "carol-laptop", environment: ["USER": "carol"])
                try await expect(bob: "carol-laptop")
                alice.send(SIGKILL)
                try await eventually(within: 30, "alice's session is over") {
                    try await shop.sessions().allSatisfy { $0.user != "alice" }
                }
                try await expect(bob: "carol-laptop")
                carol.send(SIGINT)
                #expect(try await carol.finish(within: 60).status == 0, "\(carol.error)")
                try await expect(bob: "cluster")
                // The last to go ends the tunnel.
                bob.send(SIGINT)
                let result = try await bob.finish(within: 60)
                #expect(result.status == 0 && result.error.contains("copies came here"), "\(result.error)")
                try await shop.expectRestored(before)
                for load in loads {
                    let summary = try await load.finish()
                    tell("\(load.mode): \(summary.count) requests, \(summary.failed) failed")
                    #expect(summary.failed == 0, "\(load.mode): \(load.failures)")
                    let all = try load.answers()
                    #expect(all["alice"] == Self.nobody && all["bob"]?.contains("bob-laptop") == false, "\(all)")
                }
                for local in locals { try await local.stop() }
            }
        }

        @Test("a process that stands still, and one that takes nothing, make no caller wait")
        func stalled() async throws {
            try await Shop.with { shop in
                let local = try await LocalProcess.start(who: "laptop", port: 3000)
                let before = try await shop.serviceText()
                let target = "\(try await shop.address()):80"
                try await shop.expect("cluster")
                let mirror = try await Self.mirror(shop, "alice", "--port", "3000")
                let load = try Load.start(.connectionPerRequest, target: target, rate: 60)
                try await load.expect("cluster")
                try await Self.expectCopies(shop, mirrors: 1)
                local.process.send(SIGSTOP)
                let count = load.count
                try await eventually(within: 30, "five seconds of requests") { load.count > count + 300 }
                try await local.stop()
                try await eventually(within: 30, "lost copies are told: \(mirror.error)") {
                    try await shop.sessions().contains { $0.droppedCopies ?? 0 > 0 }
                        && mirror.error.contains("dropped: ")
                }
                try await load.expect("cluster")
                let unanswered = try load.unanswered
                #expect(unanswered.isEmpty, "\(unanswered)")
                #expect(try await load.finish().failed == 0, "\(load.failures)")
                try await shop.end(mirror, before: before)
                #expect(mirror.error.contains("copies came here"), "\(mirror.error)")
            }
        }
    }
}
