import ArgumentParser
import Names
import PluginGateway
import PluginSession
import Session

/// The flags of a command that makes a gateway.
struct GatewayOptions: ParsableArguments {
    @OptionGroup
    var allow: AllowOptions

    @Option(help: "The zone of the cluster's names, where it is another.")
    var zone = GatewayRequest.usualZone

    @OptionGroup
    var pod: PodOptions

    func validate() throws {
        guard (try? DNSName(self.zone)).map({ !$0.isRoot }) == true else {
            throw ValidationError("--zone \(self.zone): expected a name, as cluster.local")
        }
    }

    /// What they mean.
    func request(_ environment: [String: String]) -> GatewayRequest {
        GatewayRequest(
            image: CommandRunner.image(self.pod.image, environment),
            imagePullSecret: self.pod.imagePullSecret, leaseDurationSeconds: self.pod.leaseDuration,
            timeout: .seconds(self.pod.timeout), allowed: self.allow.allowed, zone: self.zone)
    }
}
