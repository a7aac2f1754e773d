import ArgumentParser
import KubernetesViaKubectl
import PluginConsole
import PluginSession
import Session

/// `kubectl tunnel-dns exec`.
struct ExecCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "exec", abstract: "Run a command to which the cluster's names and addresses are at hand. Linux.",
        usage: "kubectl tunnel-dns exec [<options>] -- <command> ...",
        discussion: """
            kubectl tunnel-dns exec -n shop -- curl http://orders
            kubectl tunnel-dns exec -n shop -- npm start

            The command has namespaces of its own for users, mounts and network; no root is needed. What is not the \
            cluster's goes out as without, TCP and names only. Servers on this machine's localhost are reached on localhost.
            """)

    @OptionGroup(title: "Cluster")
    var cluster: ClusterOptions

    @OptionGroup(title: "Gateway")
    var gateway: GatewayOptions

    @Flag(name: .shortAndLong, help: "Say more.")
    var verbose = false

    @Argument(parsing: .postTerminator, help: ArgumentHelp("The command and its arguments.", valueName: "command"))
    var command: [String] = []

    func validate() throws {
        guard !self.command.isEmpty else {
            throw ValidationError("a command is missing: kubectl tunnel-dns exec -- COMMAND")
        }
    }

    func run() async throws {
        try await CommandRunner.run { console, environment in
            #if os(Linux)
                let folder = try RuntimeFolder.open(environment)
                let report = SessionReport(console: console, isJSON: false, isVerbose: self.verbose)
                await Sessions(folder: folder, console: console).recover(environment)
                let code = try await Cluster.with(
                    self.cluster.kubectl, environment: environment, directory: CommandRunner.directory
                ) { cluster in
                    let session = ExecSession(
                        cluster: cluster, gateway: self.gateway.request(environment), report: report, folder: folder,
                        holder: await CommandRunner.holder(environment, cluster))
                    return try await session.run(self.command)
                }
                if code != 0 { throw ExitCode(code) }
            #else
                throw PluginFailure(
                    "exec needs Linux's namespaces", hint: "use `kubectl tunnel-dns up --mode proxy`")
            #endif
        }
    }
}
