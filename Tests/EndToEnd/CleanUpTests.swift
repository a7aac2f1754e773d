import Foundation
import Testing

extension EndToEnd {
    /// What a killed plugin leaves on the laptop, and in the cluster when it had only begun.
    @Suite struct CleanUpTests {
        /// A folder of this run's own for sockets.
        private static func temporaryFolder() throws -> URL {
            // The path of a Unix socket is short.
            let folder = URL(fileURLWithPath: "/tmp/kt-" + UUID().uuidString.prefix(8))
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            return folder
        }

        private static func names(in folder: URL) throws -> [String] {
            // By its lock a later plugin of this machine knows that a session has died.
            try FileManager.default.contentsOfDirectory(atPath: folder.path)
                .filter { !$0.hasPrefix("kubectl-tunnel-session-") }
        }

        @Test("after kill -9 no kubectl outlives the plugin by 5 s, and no socket stays")
        func children() async throws {
            try await Shop.with(deployments: [Shop.deployment(replicas: 1)]) { shop in
                let folder = try Self.temporaryFolder()
                let local = try await LocalProcess.start(port: 3000)
                let before = try await shop.serviceText()
                let plugin = try await shop.intercept(
                    "--port", "3000", "--lease-duration", "5", environment: ["TMPDIR": folder.path])
                #expect(try Self.names(in: folder).allSatisfy { $0.hasPrefix("kubectl-tunnel-") })
                #expect(try Self.names(in: folder).count == 1)
                // Two guards with a kubectl each: for the API and for the tunnel.
                let children = Descendants.of(plugin.pid)
                #expect(children.count == 4, "\(children)")
                plugin.send(SIGKILL)
                try await eventually(within: 5, "no kubectl is left of \(children)") {
                    children.allSatisfy { !$0.isRunning }
                }
                #expect(try Self.names(in: folder).isEmpty)
                try await eventually(within: 10, "restored within lease + 5 s") {
                    try await shop.serviceText() == before
                }
                try await shop.expectRestored(before)
                try FileManager.default.removeItem(at: folder)
                try await local.stop()
            }
        }

        @Test(
            "a plugin that is killed together with its guards leaves no kubectl, and the next start sweeps its socket")
        func guardsToo() async throws {
            try await Shop.with(deployments: [Shop.deployment(replicas: 1)]) { shop in
                let folder = try Self.temporaryFolder()
                let local = try await LocalProcess.start(port: 3000)
                let before = try await shop.serviceText()
                let plugin = try await shop.intercept(
                    "--port", "3000", "--lease-duration", "5", environment: ["TMPDIR": folder.path])
                let children = Descendants.of(plugin.pid)
                let left = try Self.names(in: folder)
                plugin.send(SIGSTOP)
                for child in children where child.command.contains("__guard") { kill(child.pid, SIGKILL) }
                plugin.send(SIGKILL)
                try await eventually(within: 1.5, "no kubectl is left of \(children)") {
                    children.allSatisfy { !$0.isRunning }
                }
                #expect(try Self.names(in: folder) == left)
                try await eventually(within: 20, "a start some seconds later sweeps it") {
                    _ = try await shop.start(["list"], environment: ["TMPDIR": folder.path]).finish()
                    return try Self.names(in: folder).isEmpty
                }
                try await eventually(within: 10, "restored within lease + 5 s") {
                    try await shop.serviceText() == before
                }
                try await shop.expectRestored(before)
                try FileManager.default.removeItem(at: folder)
                try await local.stop()
            }
        }

        @Test("after Ctrl-C no kubectl and no socket stay")
        func interrupted() async throws {
            try await Shop.with(deployments: [Shop.deployment(replicas: 1)]) { shop in
                let folder = try Self.temporaryFolder()
                let local = try await LocalProcess.start(port: 3000)
                let before = try await shop.serviceText()
                let plugin = try await shop.intercept("--port", "3000", environment: ["XDG_RUNTIME_DIR": folder.path])
                let children = Descendants.of(plugin.pid)
                try await shop.end(plugin, before: before)
                #expect(children.allSatisfy { !$0.isRunning })
                #expect(try Self.names(in: folder).isEmpty)
                try FileManager.default.removeItem(at: folder)
                try await local.stop()
            }
        }

        @Test(
            "kill -9 in the middle of setting up: the next intercept has the Service",
            arguments: ["lease", "proxy ready"])
        func settingUp(step: String) async throws {
            try await Shop.with(deployments: [Shop.deployment(replicas: 1)]) { shop in
                let local = try await LocalProcess.start(port: 3000)
                let before = try await shop.serviceText()
                let plugin = try shop.start(["intercept", "web", "--port", "3000", "--lease-duration", "5"])
                try await eventually(within: 20, step) { plugin.error.contains(step) }
                plugin.send(SIGKILL)
                _ = try await plugin.finish(within: 5)
                let killedAt = Date()
                // Refused while a proxy of the dead session answers, which is until it has seen the Lease run out.
                var next: Running?
                while next == nil {
                    guard Date().timeIntervalSince(killedAt) < 30 else { throw Missed(description: "still held") }
                    next = try await Self.startedIntercept(shop)
                }
                try await shop.expect("laptop")
                if let next { try await shop.end(next, before: before) }
                try await local.stop()
            }
        }

        /// An intercept that is ready; `nil` when it was refused because another client has the Service.
        private static func startedIntercept(_ shop: Shop) async throws -> Running? {
            let plugin = try shop.start(["intercept", "web", "--port", "3000", "--lease-duration", "5"])
            try await eventually(within: 40, "ready or refused: \(plugin.error)") {
                !plugin.isRunning || plugin.error.contains("now comes to")
            }
            if plugin.isRunning { return plugin }
            #expect(plugin.error.contains("error: service/web is intercepted by admin on laptop"), "\(plugin.error)")
            return nil
        }
    }
}
