import ArgumentParser
import Kubernetes
import KubernetesViaKubectl
import PluginConsole
import PluginSession
import Session

/// `kubectl tunnel stop SERVICE`.
struct StopCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stop", abstract: "End an intercept, from any machine.",
        usage: "kubectl tunnel stop <service> [<options>]")

    @Argument(
        help: "The Service.", completion: ClusterCompletion.intercepted, transform: CommandRunner.serviceName)
    var service: String

    @Flag(help: "End it although it is another user's.")
    var force = false

    @OptionGroup(title: "Cluster")
    var cluster: ClusterOptions

    func run() async throws {
        try await CommandRunner.run(on: self.cluster.kubectl) { cluster, console, environment in
            try await self.stop(cluster, me: await CommandRunner.holder(environment, cluster), console)
        }
    }

    private func stop(_ cluster: Cluster, me: Holder, _ console: Console) async throws {
        let (client, namespace) = (cluster.client, cluster.pin.namespace)
        let held = HeldService(
            client: client, namespace: namespace, names: SessionNames(service: self.service),
            slices: .endpointSlices(on: try await client.version()))
        let found = try await held.lease()
        if let found, found.malformedHolder != nil {
            guard self.force else { throw PluginFailure(held: found, service: self.service, me: me) }
            try await held.delete(malformed: found)
            return console.result("lease/\(held.names.lease), which named no session, is deleted")
        }
        guard let lease = found, let holder = lease.holder else {
            let service = try await client.find(.services, self.service, in: namespace)
            guard service?.markedSession == nil else {
                throw PluginFailure(
                    "service/\(self.service) is still switched, by a session that is dead",
                    hint: "restore it with `kubectl tunnel restore \(self.service)`")
            }
            throw PluginFailure(
                "service/\(self.service) is not intercepted in namespace \(namespace)",
                hint: "see `kubectl tunnel list -A`")
        }
        guard holder.person == me.person || self.force else {
            throw PluginFailure(
                "service/\(self.service) is intercepted by \(holder.person), not by you",
                hint: "use --force to end it all the same")
        }
        console.progress("waiting for \(holder.person) to end it")
        let end = try await held.end(
            lease, of: holder, .stop(by: me.person), insists: true, drains: false)
        console.clearProgress()
        console.result(
            "service/\(self.service) is free"
                + (end == .draining ? "; open connections are coming to their end" : ""))
    }
}
