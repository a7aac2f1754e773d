import Foundation
import Testing

/// A laptop with a resolver that knows links, in a mount namespace of its own (`Tests/Cluster/resolver-machine`).
struct ResolverMachine: Sendable {
    /// Whom its programs ask.
    enum Kind: String, Sendable {
        /// systemd-resolved.
        case asked
        /// Another server, past systemd-resolved.
        case unasked
        /// NetworkManager's dnsmasq.
        case networkManager

        /// Those on which resolver mode is possible.
        static let resolving = [Kind.asked, .networkManager]
    }

    private let process: Running
    /// The environment of its user.
    let environment: [String: String]

    /// Runs a test on one.
    ///
    /// - Parameter hosts: Names that the laptop has at home, besides `printer.home.test`.
    static func with(_ kind: Kind = .asked, hosts: [String] = [], _ body: (ResolverMachine) async throws -> Void)
        async throws
    {
        let folder = Lab.shared.folder.appendingPathComponent("machine-" + UUID().uuidString.prefix(8))
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let script = (Lab.shared.clusterScript as NSString).deletingLastPathComponent + "/resolver-machine"
        let process = try Running(
            [
                "unshare", "--mount", "--propagation", "private", script, folder.path, Lab.shared.resolvers,
                kind.rawValue,
            ] + hosts)
        let machine = ResolverMachine(process: process, environment: try Up.laptop())
        do {
            try await eventually(within: 20, "the resolver runs: \(process.error)") {
                guard process.isRunning else { throw Missed(description: "it ended: \(process.error)") }
                return FileManager.default.fileExists(atPath: folder.path + "/ready")
            }
            try await body(machine)
        } catch {
            process.send(SIGTERM)
            _ = try? await process.finish()
            throw error
        }
        process.send(SIGTERM)
        _ = try await process.finish()
    }

    /// The words that run a program on it.
    private var enter: [String] { ["nsenter", "--mount=/proc/\(self.process.pid)/ns/mnt"] }

    /// Starts a program.
    func start(_ words: [String], _ environment: [String: String] = [:]) throws -> Running {
        try Running(self.enter + words, environment: self.environment.merging(environment) { _, new in new })
    }

    /// Runs a program to its end; as another client without rights, if that is wanted.
    func run(_ words: String..., asNobody: Bool = false) async throws -> CommandResult {
        let user = asNobody ? ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] : []
        return try await self.start(user + words).finish()
    }

    /// Starts `up`, and waits until it is ready.
    func up(_ shop: Shop, _ words: String...) async throws -> Running {
        let process = try self.start([Lab.shared.namesPlugin, "up", "-n", shop.namespace, "-o", "json"] + words)
        try await eventually(within: 60, "up is ready: \(process.output + process.error)") {
            guard process.isRunning else { throw Missed(description: "up ended: \(process.output + process.error)") }
            return process.output.contains("\"event\":\"ready\"")
        }
        return process
    }

    /// The IPv4 addresses of a name, as most programs look it up.
    func lookUp(_ name: String) async throws -> Set<String> {
        let found = try await self.run("getent", "ahostsv4", name)
        return Set(found.output.split(separator: "\n").compactMap { $0.split(separator: " ").first.map(String.init) })
    }

    /// Whether the kernel has nothing of ours: neither link nor table.
    func isClean() async throws -> Bool {
        let links = try await self.run("ip", "-o", "link")
        let tables = try await self.run("nft", "list", "tables")
        return !links.output.contains("kubectl-tunnel") && tables.status == 0
            && !tables.output.contains("kubectl_tunnel")
    }
}
