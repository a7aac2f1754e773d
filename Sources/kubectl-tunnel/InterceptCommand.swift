import ArgumentParser
import KubernetesViaKubectl
import PluginConsole
import PluginGateway
import PluginSession
import Session

/// `kubectl tunnel intercept SERVICE --port LOCAL[:REMOTE]`.
struct InterceptCommand: AsyncParsableCommand {
    /// How events are printed.
    enum Output: String, ExpressibleByArgument, CaseIterable {
        case text
        case json
    }

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

    @Option(name: .shortAndLong, help: "How to tell what happens.")
    var output = Output.text

    @Flag(help: "Print the objects and the patch, and change nothing.")
    var dryRun = false

    @Flag(name: .shortAndLong, help: "Say more.")
    var verbose = false

    func validate() throws {
        guard self.options.dns == !self.command.isEmpty else {
            throw ValidationError(
                self.options.dns
                    ? "--dns runs a command: --dns -- COMMAND. Without one, run `kubectl tunnel-dns up` beside it"
                    : "a command goes with --dns: --dns -- COMMAND")
        }
    }

    func run() async throws {
        try await CommandRunner.run { console, environment in
            var request = InterceptRequest(
                service: CommandRunner.serviceName(self.service),
                ports: self.options.port.compactMap(PortRequest.init),
                // What is wrong with it is told before the cluster is asked who the user is.
                rule: try self.rule.rule(user: "user"),
                tellsCaller: !self.rule.noForwardedHeaders,
                address: try LocalAddress(self.options.address),
                image: CommandRunner.image(self.pod.image, environment),
                imagePullSecret: self.pod.imagePullSecret,
                leaseDurationSeconds: self.pod.leaseDuration,
                waitsForLocalPort: self.options.wait,
                timeout: .seconds(self.pod.timeout),
                isForced: self.options.force,
                asksNothing: self.options.yes,
                wantsNetworkPolicy: self.options.networkPolicy,
                mayLackFailsafe: self.options.noFailsafe,
                takesOver: self.options.takeOver, command: self.command, allowed: self.options.allow.allowed,
                showsRequests: self.options.showRequests,
                recording: self.options.record.map { Recording(path: $0, keepsSecrets: self.options.recordSecrets) })
            // What cannot be written is told before the cluster is asked anything.
            try request.recording?.check()
            let report = SessionReport(console: console, isJSON: self.output == .json, isVerbose: self.verbose)
            try await report.tellingFailures {
                try await Cluster.with(
                    self.cluster.kubectl, environment: environment, directory: CommandRunner.directory
                ) { [rule = self.rule] cluster in
                    let me = await CommandRunner.holder(environment, cluster)
                    request.rule = try rule.rule(user: me.user)
                    let preparation = InterceptPreparation(
                        client: cluster.client, namespace: cluster.pin.namespace, kubectl: cluster.kubectl,
                        request: request, report: report, me: me,
                        locks: SessionLocks(environment))
                    let prepared = try await preparation.run(touchesCluster: !self.dryRun)
                    if self.dryRun {
                        console.result(prepared.dryRunText)
                    } else {
                        try await InterceptSession(prepared, cluster: cluster, request: request, report: report)
                            .run(SessionLocks(environment))
                    }
                }
            }
        }
    }
}
