import ArgumentParser
import Kubernetes
import KubernetesViaKubectl
import PluginConsole
import PluginSession
import Session

/// `kubectl tunnel install`.
struct InstallCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "install",
        abstract: "For admins: let the cluster end sessions of people who may not create Roles.",
        usage: "kubectl tunnel install --services <a,b,…> | --all-services | --remove",
        discussion: """
            Creates one account, \(Installation.name), with a Role that is limited to what restoring the Services takes. \
            Nothing runs with it until somebody intercepts one of them. Again with other Services it changes the Role.
            """)

    @Option(help: ArgumentHelp("The Services that may be restored.", valueName: "a,b,…"))
    var services: String?

    @Flag(help: "All Services of the namespace, also those to come.")
    var allServices = false

    @Flag(help: "Take the account, its Role and its binding away.")
    var remove = false

    @Flag(help: "Print the objects; change nothing.")
    var dryRun = false

    @OptionGroup(title: "Cluster")
    var cluster: ClusterOptions

    /// The Services that were named; `nil` for all.
    private var names: [String]? {
        self.services.map { $0.split(separator: ",").map { CommandRunner.serviceName(String($0)) } }
    }

    func validate() throws {
        let choices = [self.services != nil, self.allServices, self.remove].filter { $0 }.count
        guard choices == 1, self.names?.isEmpty != true else {
            throw ValidationError("say one of --services a,b, --all-services and --remove")
        }
        if self.remove, self.dryRun { throw ValidationError("--dry-run does not go with --remove") }
    }

    func run() async throws {
        try await CommandRunner.run(on: self.cluster.kubectl) { cluster, console, _ in
            if self.remove { return try await Self.remove(cluster, console) }
            let rights = Rights(client: cluster.client, namespace: cluster.pin.namespace)
            let installation = Installation(
                namespace: cluster.pin.namespace, services: self.names,
                grantsEvents: try await rights.mayWriteEvents())
            if self.dryRun {
                let objects = [installation.account(), installation.role(), installation.roleBinding()]
                return console.result(objects.map(\.yaml).joined(separator: "---\n"))
            }
            try await Self.install(installation, cluster.client, console)
        }
    }

    private static func install(
        _ installation: Installation, _ client: KubernetesClient, _ console: Console
    ) async throws {
        // The account last: by it people see that all is there.
        let steps: [(kind: String, type: ResourceType<PartialObject>, object: JSONValue, changing: String?)] = [
            ("role", .roles, installation.role(), "rules"),
            ("rolebinding", .roleBindings, installation.roleBinding(), nil),
            ("serviceaccount", .serviceAccounts, installation.account(), nil),
        ]
        for (kind, type, object, changing) in steps {
            let name = "\(kind)/\(Installation.name)"
            do {
                try await client.create(type, object, in: installation.namespace)
                console.result("\(name) created")
            } catch let error where error.code == .alreadyExists {
                let found = try await client.get(type, Installation.name, in: installation.namespace)
                guard Installation.owns(found.metadata) else {
                    throw PluginFailure(
                        "\(name) in namespace \(installation.namespace) is somebody else's",
                        hint: "see `kubectl describe \(kind) \(Installation.name)`, and delete it if nothing needs it")
                }
                var patch = JSONPatch()
                if let changing, let value = object[changing] { patch.replace("/\(changing)", value) }
                patch.add(JSONPatch.annotation(Key.services), .string(installation.scope))
                try await client.patch(type, Installation.name, in: installation.namespace, patch)
                console.result("\(name) configured")
            } catch {
                throw PluginFailure(error, action: "create \(name) in namespace \(installation.namespace)")
            }
        }
    }

    private static func remove(_ cluster: Cluster, _ console: Console) async throws {
        let (client, namespace) = (cluster.client, cluster.pin.namespace)
        let pods = try await client.list(.pods, in: namespace, labels: "\(Key.component)=proxy").items
        // A session whose Lease is gone has nothing left to do, though its pod may be coming to its end.
        let sessions = Set(
            try await client.list(.leases, in: namespace, labels: Key.session).items
                .compactMap { $0.metadata.labels?[Key.session] })
        let user = pods.first {
            $0.spec?.serviceAccountName == Installation.name
                && sessions.contains($0.metadata.labels?[Key.session] ?? "")
        }
        if let user {
            let service = user.metadata.labels?[Key.service] ?? "?"
            throw PluginFailure(
                "service/\(service) is intercepted, and \(Installation.name) is there to restore it",
                hint: "end it first with `kubectl tunnel stop \(service) --force`")
        }
        let kinds: [(kind: String, type: ResourceType<PartialObject>)] = [
            ("serviceaccount", .serviceAccounts), ("rolebinding", .roleBindings), ("role", .roles),
        ]
        var isThere = false
        for (kind, type) in kinds {
            guard let found = try await client.find(type, Installation.name, in: namespace)?.metadata,
                Installation.owns(found)
            else { continue }
            isThere = true
            try await client.delete(type, Installation.name, in: namespace, uid: found.uid)
            console.result("\(kind)/\(Installation.name) deleted")
        }
        if !isThere { console.result("nothing is installed in namespace \(namespace)") }
    }
}
