import Foundation

/// `kubectl tunnel-dns exec`, as root or as another client without any rights on this machine.
struct Exec: Sendable {
    enum User: String, CaseIterable, Sendable {
        case root
        case nobody
    }

    private let words: [String]
    private let environment: [String: String]

    /// - Parameters:
    ///   - launcher: What starts the plugin, as that user.
    ///   - setting: What starts everything, as root.
    init(_ shop: Shop, user: User, launcher: [String] = [], setting: [String] = []) throws {
        var environment = try Up.laptop()
        var words = launcher + [Lab.shared.namesPlugin]
        if user == .nobody {
            let nobody = try Nobody()
            environment.merge(nobody.environment) { _, new in new }
            words = Nobody.launcher + launcher + [nobody.namesPlugin]
        }
        self.environment = environment
        self.words = setting + words + ["exec", "-n", shop.namespace]
    }

    /// Starts a command.
    func start(_ command: [String], _ flags: String...) throws -> Running { try self.start(command, flags) }

    /// Runs a command to its end.
    func run(_ command: [String], _ flags: [String] = [], within seconds: Double = 120) async throws -> CommandResult {
        try await self.start(command, flags).finish(within: seconds)
    }

    private func start(_ command: [String], _ flags: [String]) throws -> Running {
        try Running(self.words + flags + ["--"] + command, environment: self.environment)
    }
}
