import Foundation
import Testing

extension EndToEnd {
    /// Several developers on one port, each with the requests of a rule.
    @Suite struct PersonalTests {
        private static let users = ["alice", "bob", "carol"]

        @Test("each has the requests of their rule; who comes or goes disturbs nobody, on connections that all share")
        func rules() async throws {
            try await Shop.with(deployments: [Shop.deployment(replicas: 2)]) { shop in
                let locals = [
                    try await LocalProcess.start(who: "alice-laptop", port: 3000),
                    try await LocalProcess.start(who: "bob-laptop", port: 3001),
                ]
                let before = try await shop.serviceText()
                let target = "\(try await shop.address()):80"
                // The node knows the Service by then.
                try await shop.expect("cluster")
                var loads = [try Load.start(.connectionPerRequest, target: target, rate: 60, users: Self.users)]
                func expect(_ answers: [String: Set<String>]) async throws {
                    for load in loads { try await load.expect(answers) }
                }
                let nobody: Set<String> = ["cluster"]
                try await expect(["alice": nobody, "bob": nobody, "carol": nobody])
                let alice = try await Self.intercept(shop, "alice", ["--port", "3000", "--header", "x-user=alice"])
                try await expect(["alice": ["alice-laptop"], "bob": nobody, "carol": nobody])
                // Connections that were open before stay at the pods.
                loads.append(try Load.start(.keepAlivePool, target: target, rate: 60, users: Self.users))
                try await expect(["alice": ["alice-laptop"], "bob": nobody, "carol": nobody])
                let bob = try await Self.intercept(
                    shop, "bob", ["--port", "3001", "--header", "X-User~^bo", "--path", "/load", "--method", "get"])
                try await expect(["alice": ["alice-laptop"], "bob": ["bob-laptop"], "carol": nobody])

                // The same rule is somebody's; another is not.
                let rival = try await shop.start(
                    ["intercept", "web", "--port", "3000", "--header", "X-USER=alice"], host: "rival"
                ).finish(within: 30)
                rival.expectOneError(saying: ["service/web is intercepted by alice on alice-laptop"], status: 1)
                let table = try await shop.list()
                #expect(table.contains("header:x-user=alice") && table.contains("path:/load"), "\(table)")

                // Alice made the tunnel, and goes: another takes her rule over.
                let next = try await LocalProcess.start(who: "next-laptop", port: 3002)
                let taker = try await Self.intercept(
                    shop, "next", ["--port", "3002", "--header", "x-user=alice", "--take-over"])
                try await alice.finish(within: 30).expectOneError(saying: ["next on next-laptop"], status: 1)
                try await expect(["alice": ["next-laptop"], "bob": ["bob-laptop"], "carol": nobody])
                taker.send(SIGINT)
                #expect(try await taker.finish(within: 30).status == 0, "\(taker.error)")
                try await next.stop()
                try await expect(["alice": nobody, "bob": ["bob-laptop"], "carol": nobody])
                // A local process that is away is none.
                try await locals[1].stop()
                try await expect(["alice": nobody, "bob": nobody, "carol": nobody])
                let again = try await LocalProcess.start(who: "bob-laptop", port: 3001)
                try await expect(["alice": nobody, "bob": ["bob-laptop"], "carol": nobody])
                // A laptop that dies is none either, and its lease runs out.
                bob.send(SIGKILL)
                try await expect(["alice": nobody, "bob": nobody, "carol": nobody])
                try await eventually(within: 15, "restored") { try await shop.serviceText() == before }
                try await shop.expectRestored(before)
                for load in loads {
                    let summary = try await load.finish()
                    tell("\(load.mode): \(summary.count) requests, \(summary.failed) failed")
                    #expect(summary.failed == 0, "\(load.mode): \(load.failures)")
                    let all = try load.answers()
                    #expect(all["alice"]?.contains("bob-laptop") == false && all["carol"] == nobody, "\(all)")
                    #expect(all["bob"]?.contains("alice-laptop") == false, "\(all)")
                }
                try await locals[0].stop()
                try await again.stop()
            }
        }

        private static func intercept(_ shop: Shop, _ user: String, _ words: [String]) async throws -> Running {
            let plugin = try shop.start(
                ["intercept", "web", "--lease-duration", "5"] + words, host: "\(user)-laptop",
                environment: ["USER": user])
            try await eventually(within: 60, "\(user) has it: \(plugin.error)") {
                guard plugin.isRunning else { throw Missed(description: "plugin ended: \(plugin.error)") }
                return plugin.error.contains("now comes to")
            }
            return plugin
        }
    }
}
