import ArgumentParser
import Kubernetes
import KubernetesViaKubectl
import PluginConsole
import PluginSession
import Session

/// `kubectl tunnel doctor [SERVICE]`.
struct DoctorCommand: AsyncParsableCommand {
    /// How findings are printed.
    enum Output: String, ExpressibleByArgument, CaseIterable {
        case text
        case json
    }

    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Say what an intercept needs, and what of it is not so.",
        usage: "kubectl tunnel doctor [<service>] [<options>]",
        discussion: "Changes nothing. Exit code 1 when something is in the way.")

    @Argument(
        help: "A Service that is to be intercepted.", completion: ClusterCompletion.services,
        transform: CommandRunner.serviceName)
    var service: String?

    @Option(help: "The proxy's image, for the dry run of its pod. Default: as for intercept.")
    var image: String?

    @Option(name: .shortAndLong, help: "How to print it.")
    var output = Output.text

    @OptionGroup(title: "Cluster")
    var cluster: ClusterOptions

    func run() async throws {
        try await CommandRunner.run { console, environment in
            var findings: [Finding] = []
            do {
                findings = try await Cluster.with(
                    self.cluster.kubectl, environment: environment, directory: CommandRunner.directory
                ) { cluster in
                    let preflight = InterceptPreflight(
                        client: cluster.client, namespace: cluster.pin.namespace,
                        holder: await CommandRunner.holder(environment, cluster),
                        image: CommandRunner.image(self.image, environment), service: self.service,
                        kubectl: cluster.kubectl)
                    return try await Doctor(preflight: preflight).findings { console.progress($0) }
                }
            } catch let failure as PluginFailure {
                findings = [.error("kubectl", failure)]
            }
            console.clearProgress()
            switch self.output {
            case .json: console.result(JSONValue.array(findings.map(\.value)).canonicalText)
            case .text:
                for (finding, next) in zip(findings, findings.dropFirst().map(Optional.some) + [nil]) {
                    Self.tell(finding, next: next, console)
                }
            }
            if findings.contains(where: { $0.level == .error }) { throw ExitCode(1) }
        }
    }

    /// Prints a finding; of several with one remedy, the remedy once.
    private static func tell(_ finding: Finding, next: Finding?, _ console: Console) {
        let level = finding.level.rawValue
        let padding = String(repeating: " ", count: Finding.Level.warning.rawValue.count + 2 - level.count)
        console.result("\(level)\(padding)\(finding.check): \(finding.text)")
        if let remedy = finding.remedy, remedy != next?.remedy { console.result("         \(remedy)") }
    }
}
