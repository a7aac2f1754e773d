import Foundation

/// `kubectl tunnel-dns exec`, as root or as somebody without any rights on this machine.
struct Exec: Sendable {
    enum User: String, CaseIterable, Sendable {
        case root
        case nobody
    }

    private let words: [String]
    private let environment: [String: String]

    /// - Parameter launcher: What starts the plugin, as that user.
    init(_ shop: Shop, user: User, launcher: [String] = []) throws {
        var environment = try Up.laptop()
        var words = launcher + [Lab.shared.namesPlugin]
        if user == .nobody {
            // What belongs to root has to be nobody's own: kubeconfig, runtime folder, and the way to the binary.
            let folder = URL(fileURLWithPath: "/tmp/kt-nobody-\(UUID().uuidString.prefix(8))")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            for name in ["config", "kubectl-tunnel_dns", "kubectl"] {
                let source =
                    switch name {
                    case "config": Lab.shared.kubeconfig("admin")
                    case "kubectl": Lab.shared.kubectl
                    default: Lab.shared.namesPlugin
                    }
                try FileManager.default.copyItem(atPath: source, toPath: folder.path + "/" + name)
                chmod(folder.path + "/" + name, 0o755)
            }
            for path in [folder.path, folder.path + "/config"] {
                chmod(path, 0o700)
                chown(path, 65_534, 65_534)
            }
            environment.merge([
                "KUBECONFIG": folder.path + "/config", "XDG_RUNTIME_DIR": folder.path, "HOME": folder.path,
                "TMPDIR": "/tmp", "PATH": "\(folder.path):/usr/bin:/bin", "USER": "nobody",
            ]) { _, new in new }
            words =
                ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] + launcher
                + [folder.path + "/kubectl-tunnel_dns"]
        }
        self.environment = environment
        self.words = words + ["exec", "-n", shop.namespace]
    }

    /// Starts a command.
    func start(_ command: [String], _ flags: String...) throws -> Running {
        try Running(self.words + flags + ["--"] + command, environment: self.environment)
    }

    /// Runs a command to its end.
    func run(_ command: [String]) async throws -> CommandResult {
        try await self.start(command).finish(within: 120)
    }
}
