import ArgumentParser
import Kubernetes
import KubernetesViaKubectl
import PluginConsole
import PluginSession
import Session
import SessionEffects

/// `kubectl tunnel restore [SERVICE]`.
struct RestoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore",
        abstract: "Recover what dead sessions have left, of one Service or of all in the namespace.",
        usage: "kubectl tunnel restore [<service>] [<options>]",
        discussion: "A session that lives is left alone: `kubectl tunnel stop` ends it.")

    @Argument(
        help: "The Service. Default: all of the namespace.", completion: ClusterCompletion.services,
        transform: CommandRunner.serviceName)
    var service: String?

    @Option(
        help: ArgumentHelp(
            "The Service's own selector, for when its two copies differ.", valueName: "key=value,…"))
    var selector: String?

    @OptionGroup(title: "Cluster")
    var cluster: ClusterOptions

    func validate() throws {
        guard let selector = self.selector else { return }
        guard self.service != nil else { throw ValidationError("--selector goes with one Service: name it") }
        guard Self.labels(selector) != nil else {
            throw ValidationError("--selector \(selector): expected KEY=VALUE, or several with commas")
        }
    }

    func run() async throws {
        try await CommandRunner.run(on: self.cluster.kubectl) { cluster, console, environment in
            try await self.restore(cluster, me: await CommandRunner.holder(environment, cluster), console)
        }
    }

    private func restore(_ cluster: Cluster, me: Holder, _ console: Console) async throws {
        let (client, namespace) = (cluster.client, cluster.pin.namespace)
        let slices = ResourceType<EndpointSlice>.endpointSlices(on: try await client.version())
        try await self.deleteMalformed(client, namespace, slices, console)
        let leftovers = try await Leftover.find(client, in: namespace, service: self.service)
        if leftovers.isEmpty, let service = self.service { try await client.require(service, in: namespace) }
        guard !leftovers.isEmpty else {
            return console.result("nothing to restore in namespace \(namespace)")
        }
        let watched = leftovers.filter { !$0.isDead }
        if !watched.isEmpty {
            let seconds = watched.compactMap { $0.lease?.spec.leaseDurationSeconds }.max() ?? LeaseClock.usualSeconds
            console.notice("watching for \(seconds) s whether leases are renewed")
        }
        let chosen = self.selector.flatMap(Self.labels)
        // Watching a Lease takes its whole duration: all at once.
        let failures = await withTaskGroup(of: PluginFailure?.self) { group in
            for leftover in leftovers {
                let held = HeldService(
                    client: client, namespace: namespace, names: SessionNames(service: leftover.service),
                    slices: slices)
                group.addTask { await Self.recover(leftover, held, choosing: chosen, me: me, console) }
            }
            return await group.reduce(into: []) { failures, failure in failures += failure.map { [$0] } ?? [] }
        }
        console.clearProgress()
        for failure in failures.dropFirst() { console.failure(failure) }
        if let first = failures.first { throw first }
    }

    /// Leases that name no session, once they were seen not to change.
    private func deleteMalformed(
        _ client: KubernetesClient, _ namespace: String, _ slices: ResourceType<EndpointSlice>, _ console: Console
    ) async throws {
        for lease in try await client.list(.leases, in: namespace, labels: Key.service).items {
            guard lease.malformedHolder != nil, let service = lease.metadata.labels?[Key.service],
                self.service == nil || self.service == service
            else { continue }
            let name = "lease/\(lease.metadata.name)"
            let held = HeldService(
                client: client, namespace: namespace, names: SessionNames(service: service), slices: slices)
            console.notice("\(name) names no session: watching whether it is renewed")
            guard try await held.isAbandoned(lease) else {
                console.result("\(name): its plugin renews it, left alone")
                continue
            }
            try await held.delete(malformed: lease)
            console.result("\(name): deleted")
        }
    }

    private static func recover(
        _ leftover: Leftover, _ held: HeldService, choosing selector: [String: String]?, me: Holder,
        _ console: Console
    ) async -> PluginFailure? {
        let name = "service/\(leftover.service)"
        do {
            if let lease = leftover.lease {
                // Whose selector is uncertain waits for a person, with a proxy that passes through.
                let isChosen = leftover.state == .uncertain && selector != nil
                guard try await isChosen ? true : self.isDead(leftover, held, lease) else {
                    console.result("\(name): in use by \(leftover.holder), left alone")
                    return nil
                }
            }
            let outcome = try await held.cleanup(of: leftover.tunnel, leftover.session, choosing: selector)
                .run(.recovered(by: me.person))
            if let failure = PluginFailure(outcome, service: leftover.service) { return failure }
            console.result("\(name): \(Self.text(outcome)), \(leftover.holder) is cleaned up")
            return nil
        } catch let error as APIError {
            return PluginFailure(error, action: "restore \(name)")
        } catch {
            return error as? PluginFailure ?? PluginFailure("\(error)")
        }
    }

    private static func isDead(_ leftover: Leftover, _ held: HeldService, _ lease: Lease) async throws -> Bool {
        // A proxy may answer for a dead session: without rights it passes through, and can do nothing else.
        try await leftover.isDead ? true : held.isAbandoned(lease)
    }

    private static func text(_ outcome: RestoreOutcome) -> String {
        switch outcome {
        case .restored: "restored"
        case .displaced: "another client's selector kept"
        case .untouched, .selectorConflict: "was as it should be"
        case .shared: "others have its tunnel, which goes on"
        case .serviceGone: "is gone"
        }
    }

    /// `app=web,tier=fe` as labels; `nil` when it is not of that form.
    private static func labels(_ text: String) -> [String: String]? {
        var labels: [String: String] = [:]
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let sides = part.split(separator: "=", maxSplits: 1).map(String.init)
            guard sides.count == 2 else { return nil }
            labels[sides[0]] = sides[1]
        }
        return labels.isEmpty ? nil : labels
    }
}
