import ArgumentParser
import FoundationEssentials
import Kubernetes
public import KubernetesViaKubectl
public import PluginConsole
public import Session

/// What every command shares: the process's surroundings, and failures as the user sees them.
public enum CommandRunner {
    /// Runs a command; a failure is printed, and becomes the exit code.
    public static func run(_ body: (Console, [String: String]) async throws -> Void) async throws {
        let console = Console()
        do {
            try await body(console, ProcessInfo.processInfo.environment)
        } catch {
            guard let failure = PluginFailure(told: error) else { throw error }
            console.failure(failure)
            throw ExitCode(failure.exitCode)
        }
    }

    /// Runs a command that works with one cluster.
    public static func run(
        on options: KubectlOptions, _ body: (Cluster, Console, [String: String]) async throws -> Void
    ) async throws {
        try await self.run { console, environment in
            try await Cluster.with(options, environment: environment, directory: self.directory) {
                try await body($0, console, environment)
            }
        }
    }

    /// The working directory, for relative paths in flags.
    public static var directory: String { FileManager.default.currentDirectoryPath }

    /// The proxy's image: as it was given, or the environment's, or this version's.
    public static func image(_ given: String?, _ environment: [String: String]) -> String {
        given ?? environment["KUBECTL_TUNNEL_IMAGE"] ?? ProxyConfiguration.defaultImage
    }

    /// A Service's name as it was typed: `web`, or `service/web`, as `list -o name` prints it, with each word that kubectl
    /// has for it.
    public static func serviceName(_ text: String) -> String {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        let kinds = ["service", "services", "svc", "service.v1", "services.v1"]
        return parts.count == 2 && kinds.contains(parts[0].lowercased()) ? String(parts[1]) : text
    }

    /// A new session of the user at this machine; where the environment does not name them, as the cluster does, or else
    /// the kubeconfig.
    public static func holder(_ environment: [String: String], _ cluster: Cluster) async -> Holder {
        func first(_ names: String?...) -> String? { names.compactMap(\.self).first { !$0.isEmpty } }
        var user = first(environment["USER"], environment["LOGNAME"])
        if user == nil {
            user = first(try? await cluster.client.userName(), cluster.pin.impersonatedUser, cluster.pin.user)
        }
        let host = environment["KUBECTL_TUNNEL_HOST"] ?? ProcessInfo.processInfo.hostName
        return Holder(user: user ?? "unknown", host: host, session: .random())
    }
}

extension PluginFailure {
    /// What an error means to the user, whatever it is.
    ///
    /// - Parameter action: What was tried, as `list tunnels`.
    public init(told error: any Error, action: String) {
        if let error = error as? APIError {
            self.init(error, action: action)
        } else {
            self = PluginFailure(told: error) ?? PluginFailure("cannot \(action): \(error)")
        }
    }

    /// What an error means to the user; `nil` for one that was told already, as an exit code.
    init?(told error: any Error) {
        switch error {
        case let failure as PluginFailure: self = failure
        case let refusal as Refusal: self.init(refusal)
        case let error as APIError: self.init(error, action: "go on")
        default: return nil
        }
    }

    /// A refusal of the pure part.
    public init(_ refusal: Refusal) {
        self.init(refusal.summary, hint: refusal.hint)
    }
}
