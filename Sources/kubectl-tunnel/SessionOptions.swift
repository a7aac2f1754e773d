import ArgumentParser
import PluginConsole
import PluginSession
import Session

/// What comes to this machine and how: the flags that `intercept` and `mirror` share.
struct SessionOptions: ParsableArguments {
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

    @Flag(help: "Go on although something speaks against it.")
    var force = false

    @Flag(name: [.customShort("y"), .long], help: "Do not ask.")
    var yes = false

    @Flag(help: "Let callers reach the proxy, and the proxy the pods, by a NetworkPolicy of the session.")
    var networkPolicy = false

    @Flag(help: "Go on although nothing in the cluster could restore the Service when this machine is gone.")
    var noFailsafe = false

    func validate() throws {
        guard !self.port.isEmpty else { throw ValidationError("say which local port: --port 8080") }
        for text in self.port where PortRequest(text) == nil {
            throw ValidationError("--port \(text): expected LOCAL or LOCAL:REMOTE, as 8080 or 8080:http")
        }
    }

    /// What is asked for, as far as these flags say.
    func request(
        for service: String, _ pod: PodOptions, _ environment: [String: String]
    ) throws -> InterceptRequest {
        InterceptRequest(
            service: CommandRunner.serviceName(service),
            ports: self.port.compactMap(PortRequest.init),
            address: try LocalAddress(self.address),
            image: CommandRunner.image(pod.image, environment),
            imagePullSecret: pod.imagePullSecret,
            leaseDurationSeconds: pod.leaseDuration,
            waitsForLocalPort: self.wait,
            timeout: .seconds(pod.timeout),
            isForced: self.force,
            asksNothing: self.yes,
            wantsNetworkPolicy: self.networkPolicy,
            mayLackFailsafe: self.noFailsafe,
            takesOver: false, command: [], allowed: [])
    }
}
