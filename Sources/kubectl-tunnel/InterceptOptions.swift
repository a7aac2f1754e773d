import ArgumentParser
import PluginConsole
import PluginGateway
import PluginSession
import Session

/// What is intercepted and how: the flags of `intercept` that are its own.
struct InterceptOptions: ParsableArguments {
    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "A local port, and the Service's port that goes there: a number or a name, and not needed when the Service has only one. May be given several times.",
            valueName: "local[:remote]"), completion: ClusterCompletion.ports)
    var port: [String]

    @Option(help: "The address of the local process; localhost is 127.0.0.1 and ::1.")
    var address = "127.0.0.1"

    @Flag(inversion: .prefixedNo, help: "Switch only once the local port answers.")
    var wait = true

    @Flag(help: "Intercept although something speaks against it.")
    var force = false

    @Flag(help: "End the session that has one of the ports, and intercept it then.")
    var takeOver = false

    @Flag(name: [.customShort("y"), .long], help: "Do not ask.")
    var yes = false

    @Flag(help: "Let callers reach the proxy, and the proxy the pods, by a NetworkPolicy of the session.")
    var networkPolicy = false

    @Flag(help: "Go on although nothing in the cluster could restore the Service when this machine is gone.")
    var noFailsafe = false

    @Flag(
        help: ArgumentHelp(
            "Run a command that has the cluster's names, and bring the traffic to it: --dns -- COMMAND. Linux."
        ))
    var dns = false

    @Flag(help: "Print a line for each request that comes here, once it is answered.")
    var showRequests = false

    @Option(
        help: ArgumentHelp(
            "Write the requests that come here, and their answers, into a new HAR file.", valueName: "file.har"),
        completion: .file(extensions: ["har"]))
    var record: String?

    @Flag(help: "Record credentials and cookies, too.")
    var recordSecrets = false

    @OptionGroup
    var allow: AllowOptions

    func validate() throws {
        guard self.record != nil || !self.recordSecrets else {
            throw ValidationError("--record-secrets goes with --record FILE.har")
        }
        guard !self.port.isEmpty else { throw ValidationError("say which local port: --port 8080") }
        for text in self.port where PortRequest(text) == nil {
            throw ValidationError("--port \(text): expected LOCAL or LOCAL:REMOTE, as 8080 or 8080:http")
        }
    }
}
