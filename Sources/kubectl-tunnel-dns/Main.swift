import ArgumentParser
import PluginConsole

/// The process of `kubectl tunnel-dns`.
@main
struct Main {
    static func main() {
        TunnelDNSCommand.main()
    }
}

/// `kubectl tunnel-dns`, which is not there yet.
struct TunnelDNSCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: Invocation.name(of: CommandLine.arguments.first ?? "kubectl-tunnel_dns"),
        abstract: "Make cluster names resolve and connect from this machine. Not there yet.")

    func run() throws {
        Console().failure(
            PluginFailure("kubectl tunnel-dns is not there yet", hint: "use `kubectl port-forward` until it is"))
        throw ExitCode(1)
    }
}
