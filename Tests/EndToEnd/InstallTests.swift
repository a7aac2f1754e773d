import Foundation
import Testing

extension EndToEnd {
    /// The plugins under the names that kubectl and krew know them by.
    @Suite struct InstallTests {
        private static let names = ["kubectl-tunnel", "kubectl-tunnel_dns"]
        private static let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../..").standardizedFileURL

        /// The real kubectl with nothing on its path but both plugins.
        private struct Installation {
            let folder = Lab.shared.folder.appendingPathComponent(UUID().uuidString)

            init() throws {
                let built = URL(fileURLWithPath: Lab.shared.plugin).deletingLastPathComponent()
                try FileManager.default.createDirectory(at: self.folder, withIntermediateDirectories: true)
                for name in InstallTests.names {
                    try FileManager.default.createSymbolicLink(
                        at: self.folder.appendingPathComponent(name),
                        withDestinationURL: built.appendingPathComponent(name))
                }
            }

            func kubectl(_ words: String...) async throws -> CommandResult {
                let environment = ["PATH": self.folder.path, "HOME": self.folder.path, "KUBECONFIG": "/nonexistent"]
                return try await run([Lab.shared.kubectl] + words, environment: environment)
            }

            func remove() throws { try FileManager.default.removeItem(at: self.folder) }
        }

        @Test("kubectl finds both plugins, without a warning, and they speak of themselves as kubectl's commands")
        func kubectlCommands() async throws {
            let installation = try Installation()
            let list = try await installation.kubectl("plugin", "list")
            #expect(list.status == 0, "\(list.error)")
            let plugins = list.everything.split(separator: "\n").filter { $0.contains("kubectl-") }.map(String.init)
            #expect(plugins.sorted() == Self.names.map { "\(installation.folder.path)/\($0)" })
            #expect(!list.everything.lowercased().contains("warning"), "\(list.everything)")

            let help = try await installation.kubectl("tunnel", "--help")
            #expect(help.status == 0, "\(help.error)")
            #expect(help.error.isEmpty)
            #expect(help.output.contains("USAGE: kubectl tunnel <subcommand>"), "\(help.output)")
            let intercept = try await installation.kubectl("tunnel", "intercept", "--help")
            #expect(intercept.output.contains("USAGE: kubectl tunnel intercept "), "\(intercept.output)")

            let names = try await installation.kubectl("tunnel-dns", "status")
            names.expectOneError(saying: ["error: tunnel-dns is not up"], status: 1)
            let namesHelp = try await installation.kubectl("tunnel-dns", "--help")
            #expect(namesHelp.status == 0)
            #expect(namesHelp.output.contains("USAGE: kubectl tunnel-dns"), "\(namesHelp.output)")
            // Two words: kubectl gives the second one to the first plugin.
            let twoWords = try await installation.kubectl("tunnel", "dns")
            twoWords.expectOneError(saying: ["hint: did you mean `kubectl tunnel-dns`?"], status: 64)
            try installation.remove()
        }

        @Test("the help of every command fits a terminal of 80 columns")
        func help() async throws {
            let installation = try Installation()
            for (plugin, known) in [
                (
                    "tunnel",
                    ["intercept", "mirror", "list", "stop", "restore", "replay", "doctor", "install", "version"]
                ),
                ("tunnel-dns", ["up", "down", "status", "env", "exec"]),
            ] {
                let overview = try await installation.kubectl(plugin, "--help").output
                let listed = overview.split(separator: "\n").drop { !$0.hasPrefix("SUBCOMMANDS:") }.dropFirst().prefix {
                    !$0.hasPrefix("  See ")
                }
                .filter { $0.hasPrefix("  ") && !$0.hasPrefix("   ") }.compactMap { $0.split(separator: " ").first }
                #expect(listed.map(String.init) == known)
                for command in known {
                    let help = try await installation.kubectl(plugin, command, "--help").output
                    #expect(help.contains("USAGE: kubectl \(plugin) \(command)"), "\(help)")
                    #expect(help.split(separator: "\n").filter { $0.count > 80 } == [])
                }
            }
            try installation.remove()
        }

        /// What krew reads of a manifest.
        private struct Manifest: Decodable {
            var apiVersion: String
            var kind: String
            var metadata: Metadata
            var spec: Spec

            struct Metadata: Decodable { var name: String }

            struct Spec: Decodable {
                var version: String
                var homepage: String
                var shortDescription: String
                var description: String
                var platforms: [Platform]
            }

            struct Platform: Decodable {
                var selector: Selector
                var uri: String
                var sha256: String
                var bin: String
                var files: [File]
            }

            struct Selector: Decodable { var matchLabels: [String: String] }

            struct File: Decodable {
                var from: String
                var to: String
            }

            /// Lets kubectl parse the YAML, which needs no cluster.
            static func read(_ file: URL) async throws -> Manifest {
                let words = ["label", "--local", "-f", file.path, "-o", "json", "parsed=yes"]
                let result = try await run([Lab.shared.kubectl] + words)
                guard result.status == 0 else { throw Missed(description: "\(file.path): \(result.error)") }
                return try JSONDecoder().decode(Manifest.self, from: Data(result.output.utf8))
            }
        }

        /// The manifests of a release of archives that hold their own names only, and the archives' sums.
        private static func filled(
            _ version: String, _ body: ([String: Manifest], [String: String]) throws -> Void
        ) async throws {
            let folder = Lab.shared.folder.appendingPathComponent(UUID().uuidString)
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            var sums: [String: String] = [:]
            for bin in Self.names {
                let archive = folder.appendingPathComponent("\(bin)_\(version)_linux_amd64.tar.gz")
                try Data(bin.utf8).write(to: archive)
                sums[bin] = try await run(["sha256sum", archive.path]).output.split(separator: " ").first.map(
                    String.init)
            }
            let out = folder.appendingPathComponent("plugins")
            let result = try await run(
                [Self.repository.appendingPathComponent("krew/fill").path, version, folder.path, out.path])
            #expect(result.status == 0, "\(result.error)")
            var manifests: [String: Manifest] = [:]
            for name in ["tunnel", "tunnel-dns"] {
                manifests[name] = try await Manifest.read(out.appendingPathComponent("\(name).yaml"))
            }
            try body(manifests, sums)
            try FileManager.default.removeItem(at: folder)
        }

        /// krew's rules: `internal/index/validation` and the developers' guide.
        @Test("the krew manifests keep krew's rules, and name a release's version and sums")
        func manifests() async throws {
            try await Self.filled("v1.20.3-rc.1") { manifests, sums in
                for (name, manifest) in manifests {
                    let spec = manifest.spec
                    #expect(manifest.apiVersion == "krew.googlecontainertools.github.com/v1alpha2")
                    #expect(manifest.kind == "Plugin")
                    #expect(manifest.metadata.name == name)
                    #expect(name.wholeMatch(of: /[a-z0-9-]+/) != nil)
                    #expect(spec.version == "v1.20.3-rc.1")
                    #expect(spec.homepage.hasPrefix("https://"))
                    #expect(!spec.description.isEmpty)

                    #expect((1...50).contains(spec.shortDescription.count), "\(spec.shortDescription.count) characters")
                    #expect(!spec.shortDescription.hasSuffix("."))
                    #expect(!spec.shortDescription.lowercased().contains("kubectl"))

                    #expect(!spec.platforms.isEmpty)
                    for platform in spec.platforms {
                        let (os, arch) = (platform.selector.matchLabels["os"], platform.selector.matchLabels["arch"])
                        let bin = "kubectl-" + name.replacing("-", with: "_")
                        #expect(platform.bin == bin)
                        #expect(platform.uri.hasPrefix("https://"))
                        #expect(
                            platform.uri.hasSuffix(
                                "/v1.20.3-rc.1/\(bin)_v1.20.3-rc.1_\(os ?? "")_\(arch ?? "").tar.gz"),
                            "\(platform.uri)")
                        #expect(platform.sha256 == sums[bin])
                        let completion = bin.replacing("kubectl-", with: "kubectl_complete-")
                        #expect(Set(platform.files.map(\.from)) == ["LICENSE", bin, completion, "*.1"])
                        #expect(platform.files.allSatisfy { $0.to == "." })
                    }
                }
            }
        }

        @Test("the plugins' version is the Makefile's")
        func version() async throws {
            let makefile = try String(contentsOf: Self.repository.appendingPathComponent("Makefile"), encoding: .utf8)
            for plugin in [Lab.shared.plugin, Lab.shared.namesPlugin] {
                let version = try await run([plugin, "--version"]).output
                #expect(makefile.contains("\nVERSION := \(version)"), "\(version)")
            }
        }
    }
}
