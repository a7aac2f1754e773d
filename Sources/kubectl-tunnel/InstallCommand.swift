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
        usage: """
            kubectl tunnel install --services <a,b,…> | --all-services [--controller]
            kubectl tunnel install --user-role
            kubectl tunnel install --admission-policy
            kubectl tunnel install --remove [--services <a,b,…>]
            """,
        discussion: """
            Creates one account, \(Installation.name), with a Role that is limited to what restoring the Services takes. \
            Nothing runs with it until a user intercepts one of them. Again with other Services it adds them; --remove \
            --services takes some out, and --remove alone removes all of it.

            With --controller a small pod of this namespace switches Services for people who may not patch them; what \
            they need is in the Role \(ControllerInstallation.userRole), which is created beside it.

            --user-role creates the Role \(UserRole.name), for people who intercept by themselves and have neither of the \
            built-in roles edit and admin. With --dry-run each rule has its reason.

            --admission-policy prints policies that keep these accounts, whoever uses them, to switching and restoring \
            Services. They are for `kubectl apply` by the cluster's administrator: \(AdmissionPolicy.minimumText) or newer.
            """)

    @Option(help: ArgumentHelp("The Services that may be restored.", valueName: "a,b,…"))
    var services: String?

    @Flag(help: "All Services that the namespace has now. Later ones are added by saying it again.")
    var allServices = false

    @Flag(help: "Let people intercept, too, who may not patch Services.")
    var controller = false

    @Flag(help: "The Role that a developer needs, to bind to whom you like.")
    var userRole = false

    @Flag(help: "Print what keeps the accounts to what they are for.")
    var admissionPolicy = false

    @Option(help: "With --controller: the image. Default: $KUBECTL_TUNNEL_IMAGE, or this version's.")
    var image: String?

    @Option(help: "With --controller: the Secret with the registry's credentials.")
    var imagePullSecret: String?

    @Flag(help: "Remove all of it, or with --services those.")
    var remove = false

    @Flag(help: "Print the objects; change nothing.")
    var dryRun = false

    @OptionGroup(title: "Cluster")
    var cluster: ClusterOptions

    /// The Services that were named; `nil` for all.
    private var names: [String]? {
        self.services.map { $0.split(separator: ",").map { CommandRunner.serviceName(String($0)) } }
    }

    /// Whether something is asked for that needs no Services.
    private var isAlone: Bool { self.userRole || self.admissionPolicy }

    func validate() throws {
        let choices = [self.services != nil, self.allServices].filter { $0 }.count
        guard self.remove ? !self.allServices : choices == 1 || choices == 0 && self.isAlone,
            self.names?.isEmpty != true
        else {
            throw ValidationError(
                "say --services a,b, --all-services, --user-role or --admission-policy, or --remove with or without --services a,b"
            )
        }
        if self.admissionPolicy, choices > 0 || self.userRole {
            throw ValidationError("--admission-policy goes with no other flag")
        }
        if choices == 0, self.controller {
            throw ValidationError("--controller goes with --services or --all-services")
        }
        if self.remove, self.dryRun || self.controller || self.isAlone {
            throw ValidationError("--remove goes with --services, and with no other flag")
        }
        if !self.controller, self.image != nil || self.imagePullSecret != nil {
            throw ValidationError("--image and --image-pull-secret go with --controller")
        }
    }

    func run() async throws {
        try await CommandRunner.run(on: self.cluster.kubectl) { cluster, console, environment in
            if self.remove, self.names == nil { return try await InstalledObject.remove(cluster, console) }
            if self.admissionPolicy { return try await Self.printAdmissionPolicy(cluster, console) }
            if self.userRole {
                let role = UserRole(namespace: cluster.pin.namespace)
                if self.dryRun {
                    console.result(String(role.yaml.dropLast()))
                } else {
                    try await InstalledObject.of(role).apply(cluster, console)
                    Self.tellHowToBind(UserRole.name, cluster.pin.namespace, console)
                }
                if self.services == nil, !self.allServices { return }
                if self.dryRun { console.result("---") }
            }
            let rights = Rights(client: cluster.client, namespace: cluster.pin.namespace)
            let grantsEvents = try await rights.mayWriteEvents()
            let account = try await cluster.client.find(
                .serviceAccounts, Installation.name, in: cluster.pin.namespace)?.metadata
            if self.remove, let names = self.names {
                return try await self.remove(names, account, grantsEvents, cluster, console)
            }
            let installation = Installation(
                namespace: cluster.pin.namespace, services: try await self.services(of: cluster),
                grantsEvents: grantsEvents
            ).adding(to: account)
            var objects = InstalledObject.of(installation)
            if self.controller {
                let configuration = ControllerConfiguration(
                    namespace: installation.namespace, services: installation.services,
                    image: CommandRunner.image(self.image, environment), imagePullSecret: self.imagePullSecret)
                objects += InstalledObject.of(
                    ControllerInstallation(configuration: configuration, grantsEvents: grantsEvents))
            }
            if self.dryRun { return console.result(objects.map(\.json.yaml).joined(separator: "---\n")) }
            for object in objects { try await object.apply(cluster, console) }
            console.result(Self.scope(installation))
            guard self.controller else { return }
            let pod = try await self.controllerIsReady(cluster, console)
            console.result("pod/\(pod) is ready")
            Self.tellHowToBind(ControllerInstallation.userRole, installation.namespace, console)
        }
    }

    private static func printAdmissionPolicy(_ cluster: Cluster, _ console: Console) async throws {
        let version = try await cluster.client.version()
        if !version.isAtLeast(minor: AdmissionPolicy.minimumMinor) {
            console.notice(
                "this server is \(version.gitVersion), and has none: \(AdmissionPolicy.minimumText) has them")
        }
        console.result(String(AdmissionPolicy(namespace: cluster.pin.namespace).yaml.dropLast()))
    }

    /// The Services that were named, or all that could be intercepted: a Role that names none of them would allow to delete
    /// whatever there is.
    private func services(of cluster: Cluster) async throws -> [String] {
        if let names { return names }
        let namespace = cluster.pin.namespace
        let names = try await cluster.client.list(.services, in: namespace).items
            .filter { !$0.selector.isEmpty && $0.metadata.labels?[Key.session] == nil }.map(\.metadata.name)
        guard !names.isEmpty else {
            throw PluginFailure(
                "namespace \(namespace) has no Service that could be intercepted", hint: "say it again when it has")
        }
        return names
    }

    /// Waits for the controller's pod.
    ///
    /// - Throws: ``PluginFailure`` with the cluster's words, as of an image that cannot be pulled.
    private func controllerIsReady(_ cluster: Cluster, _ console: Console) async throws -> String {
        console.progress("waiting for the controller")
        defer { console.clearProgress() }
        return try await ProxyPod(controllerIn: cluster.pin.namespace, client: cluster.client)
            .ready(within: Self.controllerTimeout)
    }

    /// What a node takes for the image and the pod, with a slow registry.
    private static let controllerTimeout = Duration.seconds(60)

    private static func tellHowToBind(_ role: String, _ namespace: String, _ console: Console) {
        console.result(
            "give people the Role: kubectl create rolebinding NAME -n \(namespace) --role=\(role) --group=GROUP")
    }

    private func remove(
        _ names: [String], _ account: ObjectMeta?, _ grantsEvents: Bool, _ cluster: Cluster, _ console: Console
    ) async throws {
        guard let account, Installation.owns(account) else {
            throw PluginFailure("nothing is installed in namespace \(cluster.pin.namespace)")
        }
        let rest = try Installation.removing(
            names, from: account, in: cluster.pin.namespace, grantsEvents: grantsEvents)
        guard let rest else { return try await InstalledObject.remove(cluster, console) }
        try await InstalledObject.refuseWhileInUse(cluster.client, cluster.pin.namespace, of: names)
        for object in InstalledObject.of(rest) { try await object.apply(cluster, console) }
        console.result(Self.scope(rest))
    }

    private static func scope(_ installation: Installation) -> String {
        let services = installation.services?.joined(separator: ", ") ?? "all, also those to come"
        return "Services that may be restored in namespace \(installation.namespace): \(services)"
    }
}
