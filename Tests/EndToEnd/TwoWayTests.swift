import Foundation
import Testing

extension EndToEnd {
    /// `intercept --dns -- COMMAND`: the command serves the Service, and calls others by their names.
    @Suite struct TwoWayTests {
        private static let api = """
            apiVersion: v1
            kind: Service
            metadata: {name: api}
            spec:
              selector: {app: api}
              ports: [{name: http, port: 80, targetPort: 8080}]
            """

        /// Answers each request with what the Service `api` says, asked by name.
        private static let server = """
            import http.server, urllib.request
            class Handler(http.server.BaseHTTPRequestHandler):
                def do_GET(self):
                    who = urllib.request.urlopen("http://api/", timeout=10).read().split()[0].decode()
                    body = ("who=command api:" + who + "\\n").encode()
                    self.send_response(200)
                    self.send_header("content-length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)
                def log_message(self, *rest): pass
            http.server.ThreadingHTTPServer(("127.0.0.1", 80), Handler).serve_forever()
            """

        private func start(_ shop: Shop, _ command: [String], by user: Exec.User = .root) throws -> Running {
            let nobody = user == .nobody ? try Nobody() : nil
            let program = nobody.map { Nobody.launcher + [$0.plugin] } ?? [Lab.shared.plugin]
            return try Running(
                program + ["intercept", "web", "-n", shop.namespace, "--port", "80", "--dns", "--"] + command,
                environment: Lab.shared.laptop().merging(nobody?.environment ?? [:]) { _, new in new })
        }

        private func with(_ body: (Shop) async throws -> Void) async throws {
            try await Shop.with(
                deployments: [
                    Shop.deployment(replicas: 1),
                    Shop.deployment(name: "api", labels: "app: api", who: "api", replicas: 1),
                ]
            ) { shop in
                try await shop.apply(Self.api)
                try await body(shop)
            }
        }

        @Test(
            "the command serves the intercepted Service on a low port, and calls another Service by name",
            arguments: Exec.User.allCases)
        func twoWay(user: Exec.User) async throws {
            try await with { shop in
                let before = try await shop.serviceText()
                let plugin = try start(shop, ["python3", "-c", Self.server], by: user)
                try await eventually(within: 60, "intercept is ready: \(plugin.error)") {
                    guard plugin.isRunning else { throw Missed(description: "plugin ended: \(plugin.error)") }
                    return plugin.error.contains("now comes to")
                }
                try await eventually(within: 10, "the command answers") {
                    try await shop.answer() == "who=command api:who=api\n"
                }
                try await shop.end(plugin, before: before)
                try await shop.expect("cluster")
            }
        }

        @Test("at Ctrl-C the command has the time to put its things in order")
        func orderlyEnd() async throws {
            try await with { shop in
                let before = try await shop.serviceText()
                let file = NSTemporaryDirectory() + "kt-ended-\(UUID().uuidString)"
                defer { try? FileManager.default.removeItem(atPath: file) }
                let plugin = try start(
                    shop,
                    [
                        "python3", "-c",
                        """
                        import signal, socket, threading
                        asked = threading.Event()
                        signal.signal(signal.SIGTERM, lambda *rest: asked.set())
                        server = socket.create_server(("127.0.0.1", 80))
                        while not asked.wait(0.1): pass
                        # As long as a server needs to finish what it is at.
                        threading.Event().wait(1.5)
                        open("\(file)", "w").write("in order")
                        """,
                    ])
                try await eventually(within: 60, "intercept is ready: \(plugin.error)") {
                    plugin.error.contains("now comes to")
                }
                try await shop.end(plugin, before: before)
                #expect(try String(contentsOfFile: file, encoding: .utf8) == "in order")
            }
        }

        @Test("when the command ends, so does the intercept, with the command's exit code")
        func exitCode() async throws {
            try await with { shop in
                let before = try await shop.serviceText()
                let plugin = try start(
                    shop,
                    [
                        "python3", "-c",
                        "import socket, sys\ns = socket.create_server(('127.0.0.1', 80))\ns.accept()\nc, _ = s.accept()\nsys.exit(7)",
                    ])
                try await eventually(within: 60, "the command has ended: \(plugin.error)") {
                    if plugin.error.contains("now comes to") { _ = try await shop.answer() }
                    return !plugin.isRunning
                }
                let result = try await plugin.finish(within: 1)
                #expect(result.status == 7, "\(result.error)")
                try await shop.expectRestored(before)
            }
        }
    }
}
