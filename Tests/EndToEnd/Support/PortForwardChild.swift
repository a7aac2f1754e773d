import Foundation

/// The `kubectl port-forward` of a plugin.
struct PortForwardChild: Sendable {
    let process: ProcessEntry

    /// The one that the plugin with this process number has now.
    init?(of plugin: pid_t) {
        // The guard's command line contains kubectl's.
        let found = Descendants.of(plugin).last { process in
            process.command.contains(" port-forward ") && !process.command.contains("__guard")
        }
        guard let found else { return nil }
        self.process = found
    }

    /// The port on 127.0.0.1 at which it listens.
    func localPort() async throws -> Int {
        let sockets = try await run(["ss", "-Hltnp"]).output.split(separator: "\n")
        let mine = sockets.first { $0.contains("pid=\(self.process.pid),") } ?? ""
        // State, two queues, the local address, the peer's.
        let address = mine.split(separator: " ").dropFirst(3).first ?? ""
        guard let port = address.split(separator: ":").last.flatMap({ Int($0) }) else {
            throw Missed(description: "no socket of \(self.process) in \(sockets)")
        }
        return port
    }
}
