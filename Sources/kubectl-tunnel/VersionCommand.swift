import ArgumentParser
import Kubernetes
import KubernetesViaKubectl
import PluginConsole
import PluginSession
import Session

/// `kubectl tunnel version`.
struct VersionCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "version", abstract: "Show the versions of everything that takes part.",
        usage: "kubectl tunnel version [<options>]")

    @OptionGroup(title: "Cluster")
    var cluster: ClusterOptions

    func run() async throws {
        try await CommandRunner.run { console, environment in
            // These two are so without a cluster, too.
            console.result("kubectl tunnel  v\(ProxyConfiguration.softwareVersion)")
            console.result("proxy image     \(CommandRunner.image(nil, environment))")
            try await Cluster.with(
                self.cluster.kubectl, environment: environment, directory: CommandRunner.directory
            ) { cluster in
                do throws(KubectlError) {
                    console.result("kubectl         \(try await cluster.kubectl().version)")
                } catch {
                    throw PluginFailure(error)
                }
                console.result("server          \(try await cluster.client.version().gitVersion)")
            }
        }
    }
}
