import ArgumentParser
import Kubernetes
import KubernetesViaKubectl
import PluginConsole
import PluginSession
import Session
import SessionEffects

/// `kubectl tunnel stop SERVICE`.
struct StopCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stop", abstract: "End an intercept, from any machine.")

    @Argument(help: "The Service.", transform: CommandRunner.serviceName)
    var service: String

    @Flag(help: "End it although it is somebody else's.")
    var force = false

    @OptionGroup(title: "Cluster")
    var cluster: ClusterOptions

    /// How long the laptop and the in-cluster side get to end the session before this command does it: as long as the
    /// in-cluster side waits for the laptop, and a drain.
    private static let patience = InClusterSession.stopPatience + .seconds(5)

    func run() async throws {
        try await CommandRunner.run { console, environment in
            let me = CommandRunner.person(environment)
            try await Cluster.with(
                self.cluster.kubectl, environment: environment, directory: CommandRunner.directory
            ) { cluster in
                try await self.stop(cluster, me: me, console)
            }
        }
    }

    private func stop(_ cluster: Cluster, me: (user: String, host: String), _ console: Console) async throws {
        let (client, namespace) = (cluster.client, cluster.pin.namespace)
        let names = SessionNames(service: self.service)
        guard let lease = try await client.find(.leases, names.lease, in: namespace),
            let holder = Holder(lease.spec.holderIdentity)
        else {
            throw PluginFailure(
                "service/\(self.service) is not intercepted in namespace \(namespace)",
                hint: "see `kubectl tunnel list -A`")
        }
        let mine = Holder(user: me.user, host: me.host, session: holder.session)
        guard mine == holder || self.force else {
            throw PluginFailure(
                "service/\(self.service) is intercepted by \(holder.person), not by you",
                hint: "use --force to end it all the same")
        }
        // A session that is being set up has not switched it yet, and one that died then never will.
        let wasSwitched = try await self.isSwitched(client, in: namespace)
        do {
            try await client.patch(
                .leases, names.lease, in: namespace,
                Lease.annotation(Key.stopRequestedBy, mine.person, holder: holder))
        } catch let error where error.code == .notFound {
            return console.result("service/\(self.service) is free")
        } catch {
            throw PluginFailure(error, action: "patch lease/\(names.lease)")
        }

        let clock = ContinuousClock()
        let deadline = clock.now + Self.patience
        console.progress("waiting for \(holder.person) to end it")
        while clock.now < deadline {
            let present = try await client.find(.leases, names.lease, in: namespace)
            if present?.metadata.uid != lease.metadata.uid {
                console.clearProgress()
                return console.result("service/\(self.service) is free")
            }
            if wasSwitched, try await !self.isSwitched(client, in: namespace) {
                // Restored; what follows is the drain of open connections.
                console.clearProgress()
                return console.result("service/\(self.service) is free; open connections are coming to their end")
            }
            try await Task.sleep(for: .milliseconds(200))
        }

        console.progress("nobody answers: restoring service/\(self.service) from here")
        let version = try await client.version()
        let undo = SessionUndo(
            client: client, namespace: namespace, service: self.service, session: holder.session,
            slices: .endpointSlices(on: version))
        _ = try await undo.restoreService()
        _ = await undo.waitForOriginals(within: .seconds(10))
        try await undo.deleteObjects()
        try await undo.deleteAccount()
        try await undo.deleteLease()
        console.clearProgress()
        console.result("service/\(self.service) is free")
    }

    private func isSwitched(_ client: KubernetesClient, in namespace: String) async throws -> Bool {
        try await client.find(.services, self.service, in: namespace)?.metadata.annotation(Key.session) != nil
    }
}
