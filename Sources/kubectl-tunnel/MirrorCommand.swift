import ArgumentParser
import PluginConsole
import PluginSession

/// `kubectl tunnel mirror SERVICE --port LOCAL[:REMOTE]`.
struct MirrorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mirror",
        abstract: "Bring copies of a Service's traffic to a local port until Ctrl-C; others answer it.",
        usage: "kubectl tunnel mirror <service> --port <local[:remote]> [<options>]",
        discussion: """
            kubectl tunnel mirror web --port 8080
            kubectl tunnel mirror web --port 8080 --header x-user=alice

            The original pods answer, or whoever intercepts the Service. What the local process answers is dropped. \
            No caller waits for it: what it does not take in time is dropped, and counted. Any number of mirrors go \
            beside each other, and beside intercepts.
            """)

    @Argument(help: "The Service.", completion: ClusterCompletion.services)
    var service: String

    @OptionGroup(title: "Mirror")
    var options: SessionOptions

    @OptionGroup(title: "Only some requests")
    var rule: RuleOptions

    @OptionGroup(title: "Cluster")
    var cluster: ClusterOptions

    @OptionGroup(title: "Proxy")
    var pod: PodOptions

    @OptionGroup
    var running: RunOptions

    func run() async throws {
        try await self.running.run(on: self.cluster, self.rule) { environment in
            var request = try self.options.request(for: self.service, self.pod, environment)
            request.isMirror = true
            return request
        }
    }
}
