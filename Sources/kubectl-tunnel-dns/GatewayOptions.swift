import ArgumentParser
import Names
import PluginGateway
import PluginSession
import Session

/// The flags of whatever makes a gateway.
struct GatewayOptions: ParsableArguments {
    @Option(
        name: .customLong("allow"),
        help: ArgumentHelp(
            "A host that only the cluster can reach: a name, *.NAME, an address or a range, with or without a port. May be given several times.",
            valueName: "host[:port]"))
    var allowed: [String] = []

    @Option(help: "The zone of the cluster's names, where it is another.")
    var zone = GatewayRequest.usualZone

    @Option(help: "The proxy's image, in which the gateway is. Default: $KUBECTL_TUNNEL_IMAGE, or this version's.")
    var image: String?

    @Option(help: "The Secret with the registry's credentials.")
    var imagePullSecret: String?

    @Option(help: "For how many seconds this machine may be silent before the gateway goes (5 to 600).")
    var leaseDuration = 30

    @Option(help: "For how many seconds to wait for the gateway to be ready.")
    var timeout = 60

    func validate() throws {
        for text in self.allowed where EgressRule(text) == nil {
            throw ValidationError("--allow \(text): expected HOST or HOST:PORT, as db.example.com:5432 or 10.1.0.0/16")
        }
        guard (try? DNSName(self.zone)).map({ !$0.isRoot }) == true else {
            throw ValidationError("--zone \(self.zone): expected a name, as cluster.local")
        }
        guard LeaseClock.durations.contains(self.leaseDuration) else {
            throw ValidationError("--lease-duration \(self.leaseDuration): expected 5 to 600 seconds")
        }
        guard (1...3600).contains(self.timeout) else {
            throw ValidationError("--timeout \(self.timeout): expected 1 to 3600 seconds")
        }
    }

    /// What they mean.
    func request(_ environment: [String: String]) -> GatewayRequest {
        GatewayRequest(
            image: CommandRunner.image(self.image, environment),
            imagePullSecret: self.imagePullSecret, leaseDurationSeconds: self.leaseDuration,
            timeout: .seconds(self.timeout), allowed: self.allowed, zone: self.zone)
    }
}
