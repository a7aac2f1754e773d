import Foundation
import Testing

extension EndToEnd {
    /// People with the cluster's own roles in one namespace, as most have them.
    @Suite struct BuiltInRoleTests {
        @Test("a namespace's admin intercepts, and the session's own account restores after kill -9")
        func intercept() async throws {
            try await Shop.with(deployments: [Shop.deployment(replicas: 1)]) { shop in
                try await shop.bind("admin", to: "alice", leases: "get,list,watch,create,patch,delete")
                let local = try await LocalProcess.start(port: 3000)
                let before = try await shop.serviceText()
                let plugin = try await shop.intercept("--port", "3000", user: "alice")
                try await shop.expect("laptop")
                try await shop.end(plugin, before: before)

                let killed = try await shop.intercept("--port", "3000", "--lease-duration", "5", user: "alice")
                killed.send(SIGKILL)
                try await eventually(within: 10, "restored within lease + 5 s") {
                    try await shop.serviceText() == before
                }
                try await shop.expectRestored(before)
                try await local.stop()
            }
        }

        @Test("a namespace's admin has the cluster's names")
        func names() async throws {
            try await Shop.with(deployments: [Shop.deployment(replicas: 1)]) { shop in
                try await shop.bind("admin", to: "alice", leases: "get,list,watch,create,patch,delete")
                try await Up.with(shop, user: "alice") { up in
                    let answer = try await up.curl("http://web/")
                    #expect(answer.output.hasPrefix("who=cluster "), "\(answer.everything)")
                }
            }
        }
    }
}
