import ArgumentParser
import PluginConsole
import PluginGateway
import PluginSession

/// `kubectl tunnel intercept SERVICE --port LOCAL[:REMOTE]`.
struct InterceptCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "intercept",
        abstract: "Bring a Service's traffic to a local port until Ctrl-C.",
        usage: "kubectl tunnel intercept <service> --port <local[:remote]> [-- <command>]",
        discussion: """
            kubectl tunnel intercept web --port 8080
            kubectl tunnel intercept web --port 8080:http --port 9090:metrics -n shop
            kubectl tunnel intercept web --port 8080 --header x-user=alice
            """)

    @Argument(help: "The Service.", completion: ClusterCompletion.services)
    var service: String

    @Argument(parsing: .postTerminator, help: ArgumentHelp("With --dns: the command.", valueName: "command"))
    var command: [String] = []

    @OptionGroup(title: "Intercept")
    var options: InterceptOptions

    @OptionGroup(title: "Only some requests")
    var rule: RuleOptions

    @OptionGroup(title: "Cluster")
    var cluster: ClusterOptions

    @OptionGroup(title: "Proxy")
    var pod: PodOptions

    @OptionGroup
    var running: RunOptions

    func validate() throws {
        guard !self.options.noForwardedHeaders || !self.rule.isEmpty else {
            throw ValidationError(
                "--no-forwarded-headers goes with --header or another rule: nothing is added to whole connections")
        }
        guard self.options.dns == !self.command.isEmpty else {
            throw ValidationError(
                self.options.dns
                    ? "--dns runs a command: --dns -- COMMAND. Without one, run `kubectl tunnel-dns up` beside it"
                    : "a command goes with --dns: --dns -- COMMAND")
        }
    }

    func run() async throws {
        try await self.running.run(on: self.cluster, self.rule) { environment in
            var request = try self.options.session.request(for: self.service, self.pod, environment)
            request.tellsCaller = !self.options.noForwardedHeaders
            request.takesOver = self.options.takeOver
            request.command = self.command
            request.allowed = self.options.allow.allowed
            request.showsRequests = self.options.showRequests
            request.recording = self.options.record.map {
                Recording(path: $0, keepsSecrets: self.options.recordSecrets)
            }
            return request
        }
    }
}
