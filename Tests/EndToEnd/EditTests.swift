import Foundation
import Testing

extension EndToEnd {
    /// Another client writes what belongs to a session: the other side wins, within a second, and callers are answered.
    @Suite struct EditTests {
        /// A way to change the Service, and what the plugin says of it.
        struct Edit: Sendable, CustomTestStringConvertible {
            var name: String
            var words: [String]
            /// What is written; `nil` when the words say everything.
            var manifest: (@Sendable (_ before: String) -> String)?
            var says: String
            var testDescription: String { self.name }

            static let ours: [Edit] = [
                Edit(
                    name: "server-side apply by force", words: ["apply", "--server-side", "--force-conflicts"],
                    manifest: { _ in Shop.service }, says: "changed the selector of service/web"),
                Edit(
                    name: "replace", words: ["replace"], manifest: { $0 },
                    says: "(kubectl-replace) replaced service/web"),
                Edit(
                    name: "patch of the selector",
                    words: ["patch", "service", "web", "--type=merge", "-p", #"{"spec":{"selector":{"app":"web"}}}"#],
                    says: "(kubectl-patch) changed the selector of service/web"),
            ]
        }

        @Test("whoever writes the selector has it, and the intercept ends", arguments: Edit.ours)
        func selector(edit: Edit) async throws {
            try await Shop.with(deployments: [Shop.deployment(replicas: 1)]) { shop in
                let local = try await LocalProcess.start(port: 3000)
                let before = try await shop.serviceText()
                let plugin = try await shop.intercept("--port", "3000")
                try await shop.expect("laptop")
                let begin = Date()
                try await shop.write(edit, before: before)
                try await eventually(within: 20, "told: \(plugin.error)") { plugin.error.contains(edit.says) }
                let seconds = Date().timeIntervalSince(begin)
                #expect(seconds < 2, "kubectl's own time, and a second")
                try await plugin.finish(within: 40).expectOneError(saying: [edit.says], status: 1)
                #expect(try await shop.events().contains("TunnelDisplaced"))
                try await shop.expectNothingLeft()
                #expect(try await !shop.serviceText().contains("kubectl-tunnel"))
                try await local.stop()
            }
        }

        @Test("a server-side apply without force is told who has the selector, and the intercept goes on")
        func conflict() async throws {
            try await Shop.with(maker: .serverSideApply, deployments: [Shop.deployment(replicas: 1)]) { shop in
                let local = try await LocalProcess.start(port: 3000)
                let before = try await shop.serviceText()
                let plugin = try await shop.intercept("--port", "3000")
                await #expect(throws: Missed.self) { try await shop.make(Shop.service, by: .serverSideApply) }
                try await shop.expect("laptop")
                try await shop.end(plugin, before: before)
                try await local.stop()
            }
        }

        @Test("a new port that the proxy would not serve ends the intercept, and works")
        func ports() async throws {
            let deployment = Shop.deployment(
                ports: "8080,9090", containerPorts: "[{containerPort: 8080}, {containerPort: 9090}]", replicas: 1)
            try await Shop.with(deployments: [deployment]) { shop in
                let local = try await LocalProcess.start(port: 3000)
                let plugin = try await shop.intercept("--port", "3000")
                try await shop.expect("laptop")
                let port = #"[{"op":"add","path":"/spec/ports/-","value":{"name":"more","port":90,"targetPort":9090}}]"#
                try await kubectl("-n", shop.namespace, "patch", "service", "web", "--type=json", "-p", port)
                try await eventually(within: 10, "the new port answers") { try await shop.who(port: 90) == "cluster" }
                try await plugin.finish(within: 40).expectOneError(
                    saying: ["(kubectl-patch) changed the ports of service/web"], status: 1)
                try await shop.expect("cluster")
                try await shop.expectNothingLeft()
                let text = try await shop.serviceText()
                #expect(text.contains("\"more\"") && !text.contains("kubectl-tunnel"))
                try await local.stop()
            }
        }

        @Test("a namespace that is deleted ends the intercept, and nothing keeps it from going")
        func namespace() async throws {
            try await Shop.with(deployments: [Shop.deployment(replicas: 1)]) { shop in
                let local = try await LocalProcess.start(port: 3000)
                let plugin = try await shop.intercept("--port", "3000")
                try await kubectl("delete", "namespace", shop.namespace, "--wait=false")
                let result = try await plugin.finish(within: 60)
                #expect(result.status == 1, "\(result.error)")
                try await eventually(within: 90, "the namespace is gone") {
                    try await kubectl("get", "namespaces", "-o", "name").contains(shop.namespace) == false
                }
                try await local.stop()
            }
        }

        @Test(
            "an object of the session that is deleted by hand ends it, and callers are answered all the time",
            arguments: ["deployment/kt-%-proxy", "service/kt-%-origin"])
        func ownObjects(name: String) async throws {
            try await Shop.with { shop in
                let local = try await LocalProcess.start(port: 3000)
                let before = try await shop.serviceText()
                let plugin = try await shop.intercept("--port", "3000")
                let load = try Load.start(.connectionPerRequest, target: "\(try await shop.address()):80", rate: 50)
                try await load.expect("laptop")
                let kind = name.split(separator: "/")[0]
                let names = try await kubectl(
                    "-n", shop.namespace, "get", "\(kind)s", "-l", "kubectl-tunnel/session", "-o", "name")
                let suffix = name.split(separator: "%")[1]
                let object = try #require(names.split(separator: "\n").first { $0.hasSuffix(suffix) })
                try await kubectl("-n", shop.namespace, "delete", String(object), "--wait=false")
                let result = try await plugin.finish(within: 60)
                result.expectOneError(saying: ["was deleted"], status: 1)
                try await load.expect("cluster")
                let summary = try await load.finish()
                #expect(summary.failed == 0, "\(load.failures)")
                try await shop.expectRestored(before)
                try await local.stop()
            }
        }

        @Test("what becomes of a Service is told by its Events")
        func events() async throws {
            try await Shop.with(deployments: [Shop.deployment(replicas: 1)]) { shop in
                let local = try await LocalProcess.start(port: 3000)
                let before = try await shop.serviceText()
                let plugin = try await shop.intercept("--port", "3000")
                try await eventually(within: 5, "intercepted") { try await shop.events().contains("TunnelIntercepted") }
                try await shop.end(plugin, before: before)
                #expect(try await shop.events().contains("TunnelRestored"))
                let second = try await shop.intercept("--port", "3000", "--lease-duration", "5")
                second.send(SIGKILL)
                try await eventually(within: 20, "expired") { try await shop.events().contains("TunnelExpired") }
                try await shop.expectRestored(before)
                try await local.stop()
            }
        }
    }
}

extension Shop {
    /// Changes the Service as a colleague would.
    func write(_ edit: EndToEnd.EditTests.Edit, before: String) async throws {
        var words = [Lab.shared.kubectl, "--kubeconfig=\(Lab.shared.kubeconfig("admin"))", "-n", self.namespace]
        words += edit.words
        if let manifest = edit.manifest?(before) {
            let file = Lab.shared.folder.appendingPathComponent(UUID().uuidString + ".yaml")
            try manifest.write(to: file, atomically: true, encoding: .utf8)
            words += ["-f", file.path]
        }
        let result = try await run(words)
        guard result.status == 0 else { throw Missed(description: result.error) }
    }

    /// The reasons of the Service's Events.
    func events() async throws -> [String] {
        try await kubectl(
            "-n", self.namespace, "get", "events", "--field-selector", "involvedObject.name=web", "-o",
            "jsonpath={.items[*].reason}"
        ).split(separator: " ").map(String.init)
    }
}
