import Foundation
import Testing

extension EndToEnd {
    /// The end of a session while others' connections pass through its proxy.
    @Suite struct HandOverTests {
        /// From Ctrl-C to the prompt, in seconds.
        private static let bound = 3.0
        private static let service = Shop.service.replacingOccurrences(
            of: "targetPort: 8080}]",
            with: "targetPort: 8080}, {name: other, protocol: TCP, port: 81, targetPort: 8081}]")

        /// Ends an intercept of port 80 while a colleague's stream passes through on port 81.
        private static func with(streamSeconds: Int, _ body: (Shop) async throws -> Void) async throws {
            let deployment = Shop.deployment(
                ports: "8080,8081", containerPorts: "[{containerPort: 8080}, {containerPort: 8081}]", replicas: 1)
            try await Shop.with(service: Self.service, deployments: [deployment]) { shop in
                let local = try await LocalProcess.start(port: 3000)
                let before = try await shop.serviceText()
                let plugin = try await shop.intercept("--port", "3000:80")
                try await shop.expect("laptop")
                let address = try await shop.address()
                let stream = try Running(
                    Lab.shared.node + [
                        "curl", "-sN", "--noproxy", "*", "http://\(address):81/stream?seconds=\(streamSeconds)",
                    ])
                try await eventually(within: 5, "the stream runs") { stream.output.contains("who=cluster") }
                let begin = monotonicSeconds()
                plugin.send(SIGINT)
                let result = try await plugin.finish(within: 20)
                let seconds = monotonicSeconds() - begin
                #expect(result.status == 0, "\(result.error)")
                #expect(seconds <= Self.bound)
                #expect(result.error.contains("connections still pass through the proxy"), "\(result.error)")
                tell("back at the prompt after \(seconds) s")
                #expect(try await shop.serviceText() == before)
                #expect(try await shop.sessions().map(\.state) == ["draining"])
                try await body(shop)
                let end = try await stream.finish(within: Double(streamSeconds) + 5)
                #expect(end.status == 0 && end.output.hasSuffix("end\n"), "\(end.output.suffix(40))")
                try await shop.expectRestored(before)
                try await local.stop()
            }
        }

        @Test("the prompt is back within 3 s; the stream ends when it ends, and then the proxy is gone")
        func stream() async throws {
            // Longer than a drain may take.
            try await Self.with(streamSeconds: 40) { _ in }
        }

        @Test("the Service can be intercepted again at once, by anybody", arguments: ["laptop", "colleague"])
        func again(host: String) async throws {
            try await Self.with(streamSeconds: 20) { shop in
                let next = try await shop.intercept("--port", "3000:80", host: host)
                try await shop.expect("laptop")
                next.send(SIGINT)
                #expect(try await next.finish(within: 20).status == 0)
            }
        }
    }
}
