import Foundation
import Testing

extension EndToEnd {
    /// Ports and addresses at which nobody listens.
    @Suite struct UnservedPortTests {
        @Test("ports that the original pods refuse are noted, the intercepted one too, and stop nobody")
        func refused() async throws {
            let service = Shop.service.replacingOccurrences(
                of: "ports: [{name: http, protocol: TCP, port: 80, targetPort: 8080}]",
                with: "ports: [{name: http, port: 80, targetPort: 8080}, {name: admin, port: 9090, targetPort: 9090}]")
            try await Shop.with(service: service, deployments: [Shop.deployment(replicas: 1)]) { shop in
                let local = try await LocalProcess.start(port: 3000)
                let before = try await shop.serviceText()
                let plugin = try await shop.intercept("--port", "3000:admin")
                #expect(
                    plugin.error.contains("note: web:9090 is refused by the original pods: nothing listens there"),
                    "\(plugin.error)")
                try await shop.expect("laptop", port: 9090)
                try await shop.expect("cluster", port: 80)
                try await shop.end(plugin, before: before)
                try await local.stop()
            }
        }

        @Test("a local server at the other loopback address is named, and --address localhost takes both")
        func loopback() async throws {
            try await Shop.with(deployments: [Shop.deployment(replicas: 1)]) { shop in
                let before = try await shop.serviceText()
                let script = """
                    import socket
                    s = socket.socket(socket.AF_INET6); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    s.bind(("::1", 3000)); s.listen(50)
                    while True:
                        c, _ = s.accept(); c.recv(4096)
                        c.sendall(b"HTTP/1.0 200 OK\\r\\nX-Who: laptop\\r\\n\\r\\nwho=laptop "); c.close()
                    """
                let server = try Running(["python3", "-c", script])
                let waiting = try shop.start(["intercept", "web", "--port", "3000"])
                try await eventually(within: 20, "named: \(waiting.error)") {
                    waiting.error.contains("note: [::1]:3000 answers: --address localhost takes both")
                }
                waiting.send(SIGINT)
                _ = try await waiting.finish(within: 20)
                let plugin = try await shop.intercept("--port", "3000", "--address", "localhost")
                try await shop.expect("laptop")
                try await shop.end(plugin, before: before)
                try await shop.expectRefusal(
                    ["intercept", "web", "--port", "3000", "--address", "no-such-host.invalid"],
                    saying: ["error: --address no-such-host.invalid is no address"])
                server.send(SIGKILL)
                _ = try await server.finish()
            }
        }
    }
}
