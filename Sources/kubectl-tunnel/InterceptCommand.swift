import ArgumentParser
import KubernetesViaKubectl
import PluginConsole
import PluginGateway
import PluginSession
import Session

/// `kubectl tunnel intercept SERVICE --port LOCAL[:REMOTE]`.
struct InterceptCommand: AsyncParsableCommand {
    /// How events are told.
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
            """)

    @Argument(help: "The Service.", completion: ClusterCompletion.services)
    var service: String

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "A local port, and the Service's port that goes there: a number or a name, and not needed when the Service has only one. May be given several times.",
            valueName: "local[:remote]"), completion: ClusterCompletion.ports)
    var port: [String]

    @Option(help: "The address of the local process; localhost is 127.0.0.1 and ::1.")
    var address = "127.0.0.1"

    @OptionGroup(title: "Cluster")
    var cluster: ClusterOptions

    @OptionGroup(title: "Proxy")
    var pod: PodOptions

    @Flag(inversion: .prefixedNo, help: "Switch only once the local port answers.")
    var wait = true

    @Flag(help: "Intercept although something speaks against it.")
    var force = false

    @Flag(help: "End the session that has the Service, and intercept it then.")
    var takeOver = false

    @Flag(name: [.customShort("y"), .long], help: "Do not ask.")
    var yes = false

    @Flag(help: "Let callers reach the proxy, and the proxy the pods, by a NetworkPolicy of the session.")
    var networkPolicy = false

    @Flag(help: "Go on without anybody in the cluster who could restore the Service when this machine is gone.")
    var noFailsafe = false

    @Flag(
        help: ArgumentHelp(
            "Run a command to which the cluster's names are at hand, and bring the traffic to it: --dns -- COMMAND. Linux."
        ))
    var dns = false

    @OptionGroup(title: "With --dns")
    var allow: AllowOptions

    @Argument(parsing: .postTerminator, help: ArgumentHelp("With --dns: the command.", valueName: "command"))
    var command: [String] = []

    @Option(name: .shortAndLong, help: "How to tell what happens.")
    var output = Output.text

    @Flag(help: "Print the objects and the patch, and change nothing.")
    var dryRun = false

    @Flag(name: .shortAndLong, help: "Say more.")
    var verbose = false

    func validate() throws {
        guard !self.port.isEmpty else { throw ValidationError("say which local port: --port 8080") }
        for text in self.port where PortRequest(text) == nil {
            throw ValidationError("--port \(text): expected LOCAL or LOCAL:REMOTE, as 8080 or 8080:http")
        }
        guard self.dns == !self.command.isEmpty else {
            throw ValidationError(
                self.dns
                    ? "--dns runs a command: --dns -- COMMAND. Without one, run `kubectl tunnel-dns up` beside it"
                    : "a command goes with --dns: --dns -- COMMAND")
        }
    }

    func run() async throws {
        try await CommandRunner.run { console, environment in
            let request = InterceptRequest(
                service: CommandRunner.serviceName(self.service),
                ports: self.port.compactMap(PortRequest.init),
                address: try LocalAddress(self.address),
                image: CommandRunner.image(self.pod.image, environment),
                imagePullSecret: self.pod.imagePullSecret,
                leaseDurationSeconds: self.pod.leaseDuration,
                waitsForLocalPort: self.wait,
                timeout: .seconds(self.pod.timeout),
                isForced: self.force,
                asksNothing: self.yes,
                wantsNetworkPolicy: self.networkPolicy,
                mayLackFailsafe: self.noFailsafe,
                takesOver: self.takeOver, command: self.command, allowed: self.allow.allowed)
            let report = SessionReport(console: console, isJSON: self.output == .json, isVerbose: self.verbose)
            try await report.tellingFailures {
                try await Cluster.with(
                    self.cluster.kubectl, environment: environment, directory: CommandRunner.directory
                ) { cluster in
                    let preparation = InterceptPreparation(
                        client: cluster.client, namespace: cluster.pin.namespace, kubectl: cluster.kubectl,
                        request: request, report: report, me: await CommandRunner.holder(environment, cluster),
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
