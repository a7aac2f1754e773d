import Foundation
import Testing

extension EndToEnd {
    /// Taking a Service over from whoever has it.
    @Suite struct TakeOverTests {
        private func takeOver(_ shop: Shop) async throws -> Running {
            try await shop.intercept(
                "--port", "3001", "--take-over", host: "desk", environment: ["USER": "bob"])
        }

        @Test("a living session is ended by its own plugin, which says by whom; no request fails")
        func living() async throws {
            try await Shop.with { shop in
                let (first, second) = try await (
                    LocalProcess.start(who: "alice", port: 3000), LocalProcess.start(who: "bob", port: 3001)
                )
                let before = try await shop.serviceText()
                let alice = try await shop.intercept("--port", "3000")
                try await shop.expect("alice")
                let load = try Load.start(.connectionPerRequest, target: "\(try await shop.address()):80", rate: 50)
                try await load.expect("alice")
                let bob = try await takeOver(shop)
                try await alice.finish(within: 20).expectOneError(
                    saying: ["error: bob on desk has taken service/web over"], status: 1)
                #expect(
                    alice.error.contains("taken over by bob on desk: ending the intercept of service/web"),
                    "\(alice.error)")
                #expect(bob.error.contains("taking service/web over from admin on laptop"), "\(bob.error)")
                try await load.expect("bob")
                let summary = try await load.finish()
                #expect(summary.failed == 0, "\(load.failures)")
                #expect(try await shop.sessions().map(\.host) == ["desk"])
                #expect(try await shop.events().contains("TunnelTakenOver"))
                try await shop.end(bob, before: before)
                try await first.stop()
                try await second.stop()
            }
        }

        @Test(
            "a session that passes through is taken over at once, and its plugin leaves the new one alone when it wakes"
        )
        func stopped() async throws {
            try await Shop.with(deployments: [Shop.deployment(replicas: 1)]) { shop in
                let (first, second) = try await (
                    LocalProcess.start(who: "alice", port: 3000), LocalProcess.start(who: "bob", port: 3001)
                )
                let before = try await shop.serviceText()
                let alice = try await shop.intercept("--port", "3000")
                alice.send(SIGSTOP)
                try await eventually(within: 20, "passing through") {
                    try await shop.sessions().map(\.state) == ["passing-through"]
                }
                let begin = Date()
                let bob = try await takeOver(shop)
                // A take-over that waited for the Lease would take 30 s.
                #expect(Date().timeIntervalSince(begin) < 20)
                try await shop.expect("bob")
                alice.send(SIGCONT)
                try await alice.finish(within: 30).expectOneError(saying: ["bob on desk"], status: 1)
                try await shop.expect("bob")
                #expect(try await shop.sessions().map(\.host) == ["desk"])
                try await shop.end(bob, before: before)
                try await first.stop()
                try await second.stop()
            }
        }

        @Test("editors have the rights to take over and to stop by force")
        func editors() async throws {
            try await Shop.with(deployments: [Shop.deployment(replicas: 1)]) { shop in
                try await shop.applyRoles()
                let (first, second) = try await (
                    LocalProcess.start(who: "alice", port: 3000), LocalProcess.start(who: "bob", port: 3001)
                )
                let before = try await shop.serviceText()
                let alice = try await shop.intercept("--port", "3000", user: "alice")
                let bob = try await shop.intercept("--port", "3001", "--take-over", user: "bob", host: "desk")
                try await alice.finish(within: 20).expectOneError(saying: ["bob on desk"], status: 1)
                try await shop.expect("bob")
                let stop = try await shop.start(["stop", "web", "--force"], user: "alice").finish(within: 30)
                #expect(stop.status == 0, "\(stop.error)")
                #expect(try await bob.finish(within: 60).error.contains("stopped by alice on laptop"))
                try await shop.expectRestored(before)
                try await first.stop()
                try await second.stop()
            }
        }
    }
}
