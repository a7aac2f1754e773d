import ArgumentParser
import KubernetesViaKubectl
import NIOPosix
import PluginConsole
import PluginSession

/// `kubectl tunnel-dns down`.
struct DownCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "down", abstract: "End what runs, and clean up behind what was killed.",
        usage: "kubectl tunnel-dns down [<options>]",
        discussion: "Without -n and --context all of your sessions on this machine end.")

    @OptionGroup(title: "Cluster")
    var cluster: ClusterOptions

    /// How long a session may take to end, in seconds: it tries for ten to delete its gateway.
    private static let timeout = Duration.seconds(20)

    func run() async throws {
        try await CommandRunner.run { console, environment in
            let folder = try RuntimeFolder.open(environment)
            let sessions = Sessions(folder: folder, console: console)
            let options = self.cluster.kubectl
            var ended = 0
            for status in await sessions.running() {
                let record = status.record
                guard (options.namespace ?? record.namespace) == record.namespace,
                    (options.context ?? record.context) == record.context
                else { continue }
                try await self.end(record, sessions)
                ended += 1
                // Its process is gone; while its record stays, the cluster has not said that its gateway is.
                if !sessions.folder.has(record.session) { console.result("tunnel-dns is down in \(record.place)") }
            }
            let (recovered, left) = await sessions.recover(environment)
            if let place = left.first {
                throw PluginFailure(
                    "the gateway in \(place) may still be there: the cluster has not said that it is gone",
                    hint: "again when the API server answers: `kubectl tunnel-dns down`")
            }
            if ended + recovered == 0 { console.notice("nothing was up") }
        }
    }

    private func end(_ record: UpRecord, _ sessions: Sessions) async throws {
        _ = await ControlSocket.ask(
            .down, path: sessions.folder.socket(of: record.session), group: MultiThreadedEventLoopGroup.singleton)
        let clock = ContinuousClock()
        let deadline = clock.now + Self.timeout
        while sessions.folder.has(record.session), sessions.isAlive(record) {
            guard clock.now < deadline else {
                throw PluginFailure("process \(record.pid) does not end", hint: "end it with `kill \(record.pid)`")
            }
            try await Task.sleep(for: .milliseconds(50))
        }
    }
}
