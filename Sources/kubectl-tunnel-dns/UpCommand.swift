import ArgumentParser
import KubernetesViaKubectl
import PluginConsole
import PluginSession
import Session

/// `kubectl tunnel-dns up`.
struct UpCommand: AsyncParsableCommand {
    /// The modes that can be asked for.
    enum Mode: String, ExpressibleByArgument, CaseIterable {
        case auto
        case resolver
        case proxy
    }

    static let configuration = CommandConfiguration(
        commandName: "up", abstract: "Make the cluster's names resolve and connect from here, until Ctrl-C.",
        discussion: """
            kubectl tunnel-dns up -n shop
            eval "$(kubectl tunnel-dns env)"
            curl http://orders

            As root the machine's resolver is used, if that is systemd-resolved or NetworkManager with dnsmasq, and nft is \
            there: every program gets there then, without `env`. /etc/resolv.conf is not touched.
            """)

    @OptionGroup(title: "Cluster")
    var cluster: ClusterOptions

    @OptionGroup(title: "Gateway")
    var gateway: GatewayOptions

    @Option(
        help:
            "How programs get there: by a local proxy, or by the machine's resolver (root). auto: the latter, if possible."
    )
    var mode = Mode.auto

    @Option(help: ArgumentHelp("The proxy's local port. Default: a free one.", valueName: "port"))
    var proxyPort = 0

    @Flag(help: "Return when it is up, and go on in the background; `down` ends it.")
    var detach = false

    @Flag(help: .hidden)
    var detached = false

    @Option(name: .shortAndLong, help: "How to tell what happens.")
    var output = UpOutput.text

    @Flag(name: .shortAndLong, help: "Say more.")
    var verbose = false

    func validate() throws {
        guard (0...65_535).contains(self.proxyPort) else {
            throw ValidationError("--proxy-port \(self.proxyPort): expected a port, or 0 for a free one")
        }
    }

    func run() async throws {
        if self.detach { return try Detachment.startChild() }
        try await CommandRunner.run { console, environment in
            let folder = try RuntimeFolder.open(environment)
            let report = SessionReport(console: console, isJSON: self.output == .json, isVerbose: self.verbose)
            try await report.tellingFailures {
                let way = try await self.way(report)
                await Sessions(folder: folder, console: console).recover(environment)
                try await Cluster.with(
                    self.cluster.kubectl, environment: environment, directory: CommandRunner.directory
                ) { cluster in
                    let session = UpSession(
                        cluster: cluster, gateway: self.gateway.request(environment), report: report, folder: folder,
                        holder: await CommandRunner.holder(environment, cluster), way: way)
                    try await session.run(isDetached: self.detached)
                }
            }
        }
    }

    /// The mode that is asked for, or that is possible here.
    private func way(_ report: SessionReport) async throws -> UpWay {
        #if os(Linux)
            let facts = self.mode == .proxy ? MachineFacts() : await MachineInspection.facts()
        #else
            let facts = MachineFacts()
        #endif
        switch ResolverChoice.of(self.mode, facts) {
        case .resolver(let known): return .resolver(known, orProxyOn: self.mode == .auto ? self.proxyPort : nil)
        case .proxy(let reason):
            if self.mode == .auto { report.detail("proxy mode: \(reason)") }
            return .proxy(port: self.proxyPort)
        case .refusal(let what, let hint): throw PluginFailure(what, hint: hint)
        }
    }
}
