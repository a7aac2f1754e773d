import Foundation
import Testing

/// A `kubectl tunnel-dns up` in proxy mode, on a machine of its own as far as its records go.
struct Up: Sendable {
    let process: Running
    let port: Int
    let environment: [String: String]
    /// What starts a program as the user that it belongs to.
    var launcher: [String] = []
    private var binary = Lab.shared.namesPlugin

    /// The environment of a laptop on which nothing is up.
    static func laptop(user: String = "admin") throws -> [String: String] {
        let folder = Lab.shared.folder.appendingPathComponent("run-" + UUID().uuidString.prefix(8))
        try FileManager.default.createDirectory(
            at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        return Lab.shared.laptop(user: user).merging(["XDG_RUNTIME_DIR": folder.path]) { _, new in new }
    }

    /// Starts it and waits until it is up.
    static func start(
        _ shop: Shop, _ words: [String] = [], by user: Exec.User = .root, environment: [String: String]? = nil
    ) async throws -> Up {
        var environment = try environment ?? Self.laptop()
        var launcher: [String] = []
        var binary = Lab.shared.namesPlugin
        if user == .nobody {
            let nobody = try Nobody()
            environment.merge(nobody.environment) { _, new in new }
            (launcher, binary) = (Nobody.launcher, nobody.namesPlugin)
        }
        let process = try Running(
            launcher + [binary, "up", "-n", shop.namespace, "-o", "json"] + words, environment: environment)
        try await eventually(within: 60, "up is ready: \(process.output + process.error)") {
            guard process.isRunning else { throw Missed(description: "up ended: \(process.output + process.error)") }
            return process.output.contains("\"event\":\"ready\"")
        }
        let line = process.output.split(separator: "\n").first { $0.contains("\"event\":\"ready\"") } ?? ""
        let ready = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
        return Up(
            process: process, port: try #require(ready?["proxyPort"] as? Int), environment: environment,
            launcher: launcher, binary: binary)
    }

    /// Runs a test with it, and ends it by Ctrl-C.
    static func with(
        _ shop: Shop, _ words: String..., user: String = "admin", _ body: (Up) async throws -> Void
    ) async throws {
        let up = try await Self.start(shop, words, environment: try Self.laptop(user: user))
        try await body(up)
        up.process.send(SIGINT)
        let result = try await up.process.finish()
        #expect(result.status == 0, "\(result.everything)")
        try await shop.expectNothingLeft()
    }

    /// How a program goes through the proxy.
    enum Way: String, CaseIterable, Sendable {
        case socks = "socks5h"
        case http = "http"
    }

    /// What curl gets; `words` go in front of the URL.
    func curl(_ url: String, way: Way = .http, _ words: String...) async throws -> CommandResult {
        try await run(
            self.launcher + [
                "curl", "-sS", "-m", "10", "--noproxy", "", "-x", "\(way.rawValue)://127.0.0.1:\(self.port)",
            ] + words + [
                url
            ])
    }

    /// Runs another command of the plugin on the same machine.
    func plugin(_ words: String...) async throws -> CommandResult {
        try await run(self.launcher + [self.binary] + words, environment: self.environment)
    }
}
