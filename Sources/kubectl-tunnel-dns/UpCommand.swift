import ArgumentParser
import Kubernetes
import KubernetesViaKubectl
import NIOCore
import NIOPosix
import PluginConsole
import PluginGateway
import PluginSession
import Session
import UnixSignals

/// `kubectl tunnel-dns up`.
struct UpCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "up", abstract: "Make the cluster's names resolve and connect from here, until Ctrl-C.")

    @OptionGroup(title: "Cluster")
    var cluster: ClusterOptions

    @OptionGroup(title: "Gateway")
    var gateway: GatewayOptions

    @Option(help: ArgumentHelp("The proxy's local port. Default: a free one.", valueName: "port"))
    var proxyPort = 0

    func run() async throws {
        try await CommandRunner.run { console, environment in
            let report = SessionReport(console: console, isJSON: false, isVerbose: false)
            try await Cluster.with(
                self.cluster.kubectl, environment: environment, directory: CommandRunner.directory
            ) { cluster in
                let me = CommandRunner.person(environment)
                let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
                let session = GatewaySession(
                    cluster: cluster, request: self.gateway.request(environment), report: report,
                    holder: Holder(user: me.user, host: me.host, session: .random()), loop: group.next())
                let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm, .sighup)
                do {
                    let names = try await session.start()
                    let proxy = try await LocalProxy.start(link: session.link, port: self.proxyPort)
                    report.event("ready", "zone \(names.zone), proxy at \(proxy.localAddress?.port ?? 0)")
                    for await _ in signals { break }
                } catch {
                    await session.finish()
                    throw error
                }
                await session.finish()
                try? await group.shutdownGracefully()
            }
        }
    }
}
