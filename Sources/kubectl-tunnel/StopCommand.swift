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

    @Flag(help: "End all sessions of the Service, other users' too.")
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
        let leases = try await held.leases()
        for lease in leases where lease.malformedHolder != nil {
            guard self.force else { throw PluginFailure(held: lease, service: self.service, me: me) }
            try await held.delete(malformed: lease)
            console.result("lease/\(lease.metadata.name), which named no session, is deleted")
        }
        let sessions = leases.compactMap { lease in lease.holder.map { (lease, $0) } }
        guard let (_, first) = sessions.first else {
            if leases.isEmpty { try await self.explainNone(cluster) }
            return
        }
        let own = sessions.filter { $0.1.person == me.person }
        guard !own.isEmpty || self.force else {
            throw PluginFailure(
                "service/\(self.service) is intercepted by \(first.person), not by you",
                hint: "use --force to end it all the same")
        }
        var isDraining = false
        for (lease, holder) in self.force ? sessions : own {
            console.progress("waiting for \(holder.person) to end it")
            let end = try await held.end(lease, of: holder, .stop(by: me.person), insists: true, drains: false)
            isDraining = isDraining || end == .draining
        }
        console.clearProgress()
        let others = try await held.leases().compactMap(PortClaim.init).map(\.holder.person)
        let rest = isDraining ? "; open connections are coming to their end" : ""
        console.result(
            others.isEmpty
                ? "service/\(self.service) is free\(rest)"
                : "your session of service/\(self.service) has ended\(rest); \(others.joined(separator: ", ")) has it, too"
        )
    }

    /// - Throws: ``PluginFailure`` that says why there is nothing to stop.
    private func explainNone(_ cluster: Cluster) async throws {
        let service = try await cluster.client.find(.services, self.service, in: cluster.pin.namespace)
        guard service?.markedTunnel == nil else {
            throw PluginFailure(
                "service/\(self.service) is still switched, by a session that is dead",
                hint: "restore it with `kubectl tunnel restore \(self.service)`")
        }
        throw PluginFailure(
            "service/\(self.service) is not intercepted in namespace \(cluster.pin.namespace)",
            hint: "see `kubectl tunnel list -A`")
    }
}
