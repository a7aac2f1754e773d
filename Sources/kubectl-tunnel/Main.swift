import ArgumentParser
import Kubernetes
import KubernetesViaKubectl
import NamespacedCommand
import PluginConsole
import Session
import Tunnel

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#endif

/// The process: a guard of one kubectl, or the plugin.
@main
struct Main {
    static func main() async {
        ChildGuard.runIfAsked(CommandLine.arguments)
        #if os(Linux)
            NamespaceHelper.runIfAsked(CommandLine.arguments)
        #endif
        FileLimit.raise()
        // The reader of the output may go away; the session has to be cleaned up all the same.
        signal(SIGPIPE, SIG_IGN)
        await Plugin.run(
            TunnelCommand.self, Array(CommandLine.arguments.dropFirst()), elsewhere: ["dns": "kubectl tunnel-dns"])
    }
}

/// `kubectl tunnel`.
struct TunnelCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: Invocation.name(
            of: CommandLine.arguments.first ?? "kubectl-tunnel", words: CommandLine.arguments),
        abstract: "Bring the traffic of a Service in the cluster to a process on this machine.",
        discussion: """
            While the process answers, the Service's traffic comes to it; the moment it does not, traffic goes to the \
            original pods. Pods are never restarted or changed, and when the session ends, for whatever reason, the \
            Service is as it was.
            """,
        version: ProxyConfiguration.softwareVersion,
        subcommands: [
            InterceptCommand.self, MirrorCommand.self, ListCommand.self, StopCommand.self, RestoreCommand.self,
            ReplayCommand.self, DoctorCommand.self, InstallCommand.self, VersionCommand.self,
        ])
}
