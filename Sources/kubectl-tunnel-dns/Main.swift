import ArgumentParser
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
        await Plugin.run(TunnelDNSCommand.self, Array(CommandLine.arguments.dropFirst()))
    }
}

/// `kubectl tunnel-dns`.
struct TunnelDNSCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: Invocation.name(
            of: CommandLine.arguments.first ?? "kubectl-tunnel_dns", words: CommandLine.arguments),
        abstract: "Make the cluster's names resolve and connect from this machine.",
        version: ProxyConfiguration.softwareVersion,
        subcommands: [UpCommand.self, DownCommand.self, StatusCommand.self, EnvCommand.self, ExecCommand.self])
}
