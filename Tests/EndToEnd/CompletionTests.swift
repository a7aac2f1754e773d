import Foundation
import Testing

extension EndToEnd {
    /// What kubectl (1.26 and newer) offers behind `kubectl tunnel`, asked as the scripts of `kubectl completion` ask it.
    @Suite struct CompletionTests {
        /// Both plugins and their completions on the PATH.
        private struct Terminal {
            let folder = Lab.shared.folder.appendingPathComponent("completion-" + UUID().uuidString.prefix(8))
            var environment = Lab.shared.laptop()

            init() throws {
                let files = FileManager.default
                try files.createDirectory(at: self.folder, withIntermediateDirectories: true)
                let krew = Document.root.appendingPathComponent("krew")
                for plugin in [Lab.shared.plugin, Lab.shared.namesPlugin] {
                    let name = (plugin as NSString).lastPathComponent
                    let completion = name.replacing("kubectl-", with: "kubectl_complete-")
                    try files.createSymbolicLink(
                        atPath: self.folder.appendingPathComponent(name).path, withDestinationPath: plugin)
                    try files.createSymbolicLink(
                        at: self.folder.appendingPathComponent(completion),
                        withDestinationURL: krew.appendingPathComponent(completion))
                }
                self.environment["PATH"] = "\(self.folder.path):\(self.environment["PATH"] ?? "")"
            }

            /// The words that kubectl offers, without what it says of each; the directive at their end is checked.
            func offered(_ words: String..., directive: String = ":4") async throws -> [String] {
                let result = try await run([Lab.shared.kubectl, "__complete"] + words, environment: self.environment)
                #expect(result.status == 0, "\(result.error)")
                var lines = result.output.split(separator: "\n").map(String.init)
                #expect(lines.popLast() == directive, "\(words): \(result.everything)")
                return lines.map { String($0.prefix { $0 != "\t" }) }
            }
        }

        @Test("commands and flags are offered without a cluster")
        func words() async throws {
            let terminal = try Terminal()
            #expect(try await terminal.offered("tunnel", "in") == ["intercept", "install"])
            #expect(try await terminal.offered("tunnel-dns", "") == ["up", "down", "status", "env", "exec"])
            #expect(try await terminal.offered("tunnel", "intercept", "web", "--ta") == ["--take-over"])
            #expect(
                try await terminal.offered("tunnel", "list", "-o", "") == ["table", "wide", "json", "yaml", "name"])
            #expect(try await terminal.offered("tunnel", "list", "--kubeconfig", "", directive: ":0") == [])
        }

        @Test("Services, ports, namespaces, contexts and sessions are the cluster's")
        func values() async throws {
            try await Shop.with { shop in
                let terminal = try Terminal()
                try await shop.makeBystander()
                let plugin = try await shop.intercept("--port", "8080", "--no-wait")
                let place = ["tunnel", "intercept", "-n", shop.namespace]
                #expect(try await terminal.offered(place[0], place[1], place[2], place[3], "") == ["bystander", "web"])
                #expect(
                    try await terminal.offered(place[0], place[1], place[2], place[3], "web", "--port", "")
                        == ["8080:http"])
                #expect(
                    try await terminal.offered(place[0], place[1], place[2], place[3], "web", "-p", "3000:")
                        == ["3000:http"])
                #expect(try await terminal.offered("tunnel", "stop", "-n", shop.namespace, "") == ["web"])
                let namespaces = try await terminal.offered("tunnel", "list", "-n", String(shop.namespace.prefix(4)))
                #expect(namespaces.contains(shop.namespace))
                #expect(try await terminal.offered("tunnel", "list", "--context", "") == ["local", "other"])
                plugin.send(SIGINT)
                #expect(try await plugin.finish().status == 0)
            }
        }

        @Test("without a cluster nothing is offered, and the shell does not wait")
        func away() async throws {
            var terminal = try Terminal()
            terminal.environment["KUBECONFIG"] = "/nonexistent"
            let begin = ContinuousClock.now
            #expect(try await terminal.offered("tunnel", "intercept", "") == [])
            #expect(ContinuousClock.now - begin < .seconds(5))
        }

        @Test(
            "bash, zsh and fish complete the files' names by scripts of the plugins",
            arguments: ["bash", "zsh", "fish"])
        func scripts(shell: String) async throws {
            for plugin in [Lab.shared.plugin, Lab.shared.namesPlugin] {
                let name = (plugin as NSString).lastPathComponent
                let script = try await run([plugin, "--generate-completion-script", shell])
                #expect(script.status == 0, "\(script.error)")
                #expect(script.output.contains(name) && !script.output.contains("kubectl tunnel"))
            }
        }
    }
}
