import Foundation
import Testing

extension EndToEnd {
    /// Connections through the Service, byte for byte.
    @Suite struct PortForwardedTunnelTests {
        /// A Service with an HTTP port, 80, and one for bytes, 81; on the laptop 3000 and 3001.
        private static let service = PortTests.service(
            "[{name: http, port: 80, targetPort: 8080}, {name: raw, port: 81, targetPort: 8081}]")

        private static func withIntercept(
            _ body: (_ shop: Shop, _ address: String, _ plugin: Running) async throws -> Void
        ) async throws {
            let deployment = Shop.deployment(labels: "app: web", ports: "8080,8081", replicas: 1)
            try await Shop.with(service: self.service, deployments: [deployment]) { shop in
                let local = try await LocalProcess.start(port: 3000, rawPort: 3001)
                let before = try await shop.serviceText()
                let plugin = try await shop.intercept("--port", "3000:http", "--port", "3001:raw")
                try await shop.expect("laptop")
                try await body(shop, try await shop.address(), plugin)
                #expect(!plugin.error.contains("tunnel lost"), "\(plugin.error)")
                try await shop.end(plugin, before: before)
                try await local.stop()
            }
        }

        @Test("a body of 5 MB comes back exactly, and a half-closed request is answered")
        func bytes() async throws {
            try await Self.withIntercept { shop, address, _ in
                let body = Lab.shared.folder.appendingPathComponent(UUID().uuidString)
                let echo = body.appendingPathExtension("echo")
                var generator = SystemRandomNumberGenerator()
                let bytes = Data((0..<625_000).flatMap { _ in withUnsafeBytes(of: generator.next(), Array.init) })
                try bytes.write(to: body)
                let result = try await run(
                    Lab.shared.node + [
                        "curl", "-sS", "-m", "30", "--noproxy", "*", "-D", "-", "-o", echo.path, "--data-binary",
                        "@\(body.path)", "http://\(address)/echo",
                    ])
                #expect(result.status == 0, "\(result.error)")
                #expect(result.output.contains("X-Who: laptop"))
                #expect(bytes.count == 5_000_000)
                #expect(try Data(contentsOf: echo) == bytes)

                for count in ["1", "3000000"] {
                    #expect(try await Python.onNode(Python.halfClose, address, "81", count) == "True")
                }
            }
        }

        @Test("a reset arrives as a reset, 300 of them leave the tunnel alone, and so do 500 connections at once")
        func many() async throws {
            try await Self.withIntercept { shop, address, _ in
                let stream = try Load.start(.stream, target: "\(address):80", rate: 1, streamSeconds: 3)
                #expect(try await Python.onNode(Python.resets, address, "80", "300") == "{'reset': 300} in time")
                #expect(try await Python.onNode(Python.atOnce, address, "80", "500") == "{'laptop': 500}")
                let summary = try await stream.finish()
                #expect(summary.failed == 0, "\(stream.failures)")
                #expect(summary.who.keys.sorted() == ["laptop"])
            }
        }

        @Test("garbage thrown at kubectl's local port does not disturb a running stream")
        func garbage() async throws {
            try await Self.withIntercept { shop, address, plugin in
                let forward = try #require(PortForwardChild(of: plugin.pid))
                let port = try await forward.localPort()
                let stream = try Load.start(.stream, target: "\(address):80", rate: 2, streamSeconds: 2)
                try await eventually(within: 10, "streams end well") { stream.recent(1) == ["laptop"] }
                let garbage = Lab.shared.folder.appendingPathComponent(UUID().uuidString)
                try Data((0..<200_000).map { _ in UInt8.random(in: 0...255) }).write(to: garbage)
                let preface = "PRI * HTTP/2.0\\r\\n\\r\\nSM\\r\\n\\r\\n"
                for text in ["GET / HTTP/1.1\\r\\n\\r\\n", preface, "\\x16\\x03\\x01", ""] {
                    let send = "exec 3<>/dev/tcp/127.0.0.1/\(port); printf '\(text)' >&3; exec 3<&-"
                    try await run(["bash", "-c", send])
                }
                for _ in 0..<5 {
                    try await run(["bash", "-c", "cat \(garbage.path) > /dev/tcp/127.0.0.1/\(port)"])
                }
                let count = stream.recent(1000).count
                try await eventually(within: 15, "more streams end well") { stream.recent(1000).count > count + 3 }
                let summary = try await stream.finish()
                #expect(summary.failed == 0, "\(stream.failures)")
                #expect(summary.who.keys.sorted() == ["laptop"])
                #expect(forward.process.isRunning, "kubectl is still the same")
            }
        }
    }
}
