import Foundation
import Testing

extension EndToEnd {
    /// A proxy that falls silent, as with its node, while everything else goes on.
    @Suite struct SilentProxyTests {
        /// From the loss to the last connection that fails, in seconds.
        private static let bound = 3.0

        @Test(
            "the last connection without an answer begins within 3 s, and the laptop has the Service again when the proxy answers again"
        )
        func silent() async throws {
            try await Shop.with(deployments: [Shop.deployment(replicas: 1)]) { shop in
                let local = try await LocalProcess.start(port: 3000)
                let before = try await shop.serviceText()
                let plugin = try await shop.intercept("--port", "3000")
                let session = try #require(try await shop.sessions().first?.session)
                let load = try Load.start(.connectionPerRequest, target: "\(try await shop.address()):80", rate: 100)
                try await load.expect("laptop")
                let proxy = try #require(ProxyProcess.of(session: session))
                let loss = monotonicSeconds()
                kill(proxy.pid, SIGSTOP)
                defer { kill(proxy.pid, SIGCONT) }
                try await load.expect("cluster", within: 10)
                #expect(try await shop.serviceText() == before)
                #expect(plugin.error.contains("the proxy does not answer: service/web was restored meanwhile"))
                // Whoever still goes to the proxy waits for longer than a second, and is counted.
                try await eventually(within: 10, "over") { monotonicSeconds() > loss + Self.bound + 1 }
                kill(proxy.pid, SIGCONT)
                try await load.expect("laptop", within: 20)
                #expect(try await shop.sessions().map(\.session) == [session])
                _ = try await load.finish()
                let failed = try load.unanswered
                let last = (failed.map(\.start).max() ?? loss) - loss
                tell("the last of \(failed.count) without an answer began \(last) s after the loss")
                #expect(!failed.isEmpty && last <= Self.bound)
                try await shop.end(plugin, before: before)
                try await local.stop()
            }
        }
    }
}
