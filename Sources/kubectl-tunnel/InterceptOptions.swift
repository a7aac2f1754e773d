import ArgumentParser
import PluginGateway

/// The flags of `intercept` that are its own.
struct InterceptOptions: ParsableArguments {
    @OptionGroup
    var session: SessionOptions

    @Flag(help: "End the session that has one of the ports, and intercept it then.")
    var takeOver = false

    @Flag(
        help: ArgumentHelp(
            "Run a command that has the cluster's names, and bring the traffic to it: --dns -- COMMAND. Linux."
        ))
    var dns = false

    @Flag(help: "Leave out X-Forwarded-For and Forwarded, which say who called.")
    var noForwardedHeaders = false

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
    }
}
