import ArgumentParser
import NIOCore
import PluginConsole
import PluginSession

extension ShellVariables.Shell: ExpressibleByArgument {}

/// `kubectl tunnel-dns env`.
struct EnvCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "env", abstract: "Print the variables by which programs find the local proxy.",
        usage: "kubectl tunnel-dns env [<options>]",
        discussion: """
            sh:          eval "$(kubectl tunnel-dns env)"
            fish:        kubectl tunnel-dns env --shell fish | source
            PowerShell:  kubectl tunnel-dns env --shell powershell | Out-String | Invoke-Expression
            """)

    @Option(help: "The shell that is to understand it.")
    var shell = ShellVariables.Shell.sh

    @Flag(help: "Print what unsets the variables.")
    var unset = false

    @OptionGroup(title: "Cluster")
    var cluster: ClusterOptions

    func run() async throws {
        try await CommandRunner.run { console, environment in
            if self.unset {
                return console.result(ShellVariables(proxyPort: 0, server: nil).unsettingText(for: self.shell))
            }
            let sessions = Sessions(folder: try RuntimeFolder.open(environment), console: console)
            let record = try await sessions.only(self.cluster.kubectl).record
            guard let port = record.proxyPort else {
                throw PluginFailure(
                    "tunnel-dns is up in resolver mode, in which programs need no variables",
                    hint: "use --mode proxy with `up` for a proxy")
            }
            let own = (try? System.enumerateDevices())?.compactMap { $0.address?.ipAddress } ?? []
            console.result(ShellVariables(proxyPort: port, server: record.server, own: own).text(for: self.shell))
        }
    }
}
