import Foundation
import Testing

/// A namespace with a Service `web` and its pods, for one test.
struct Shop: Sendable {
    let namespace: String

    /// How the Service is made: what its managedFields look like depends on it.
    enum Maker: String, CaseIterable, Sendable {
        case create
        case clientSideApply
        case serverSideApply

        var words: [String] {
            switch self {
            case .create: ["create"]
            case .clientSideApply: ["apply"]
            case .serverSideApply: ["apply", "--server-side"]
            }
        }
    }

    static let service = """
        apiVersion: v1
        kind: Service
        metadata: {name: web, annotations: {team: shop/web}}
        spec:
          selector: {app: web, tier: fe}
          ports: [{name: http, protocol: TCP, port: 80, targetPort: 8080}]
        """

    /// The name of a Service with the same pods that nobody intercepts: what happens to it, too, is the cluster's doing.
    static let bystander = "bystander"

    /// Makes the bystander.
    func makeBystander(of service: String = Self.service) async throws {
        try await self.apply(service.replacingOccurrences(of: "{name: web,", with: "{name: \(Self.bystander),"))
    }

    /// Pods that answer `who=cluster` on 8080 and other ports.
    static func deployment(
        name: String = "web", labels: String = "app: web, tier: fe", who: String = "cluster", ports: String = "8080",
        containerPorts: String = "[{containerPort: 8080, name: http}]", replicas: Int = 1, runAsUser: Int = 65_532
    ) -> String {
        """
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: \(name)}
        spec:
          replicas: \(replicas)
          selector: {matchLabels: {run: \(name)}}
          template:
            metadata: {labels: {run: \(name), \(labels)}}
            spec:
              terminationGracePeriodSeconds: 5
              securityContext: {runAsUser: \(runAsUser)}
              containers:
              - name: web
                image: \(Lab.shared.workloadImage)
                env: [{name: WHO, value: \(who)}, {name: PORTS, value: "\(ports)"}]
                ports: \(containerPorts)
                readinessProbe: {tcpSocket: {port: \(ports.split(separator: ",")[0])}, periodSeconds: 1}
        """
    }

    /// Runs a test in a namespace of its own.
    static func with(
        maker: Maker = .clientSideApply, service: String = Self.service, deployments: [String]? = nil,
        isRestricted: Bool = false, _ body: (Shop) async throws -> Void
    ) async throws {
        let shop = Shop(namespace: "t-" + UUID().uuidString.lowercased().prefix(8))
        let policy = isRestricted ? ["--restricted"] : []
        try await run([Lab.shared.clusterScript, "namespace", shop.namespace] + policy)
        do {
            for deployment in deployments ?? [Self.deployment()] { try await shop.apply(deployment) }
            try await shop.make(service, by: maker)
            for deployment in deployments ?? [Self.deployment()] {
                let name = deployment.split(separator: "metadata: {name: ")[1].prefix { $0 != "}" }
                try await kubectl("-n", shop.namespace, "rollout", "status", "deployment/\(name)", "--timeout=60s")
            }
            try await body(shop)
        } catch {
            await shop.tellState()
            try? await shop.delete()
            throw error
        }
        try await shop.delete()
    }

    func make(_ yaml: String, by maker: Maker) async throws {
        let file = Lab.shared.folder.appendingPathComponent(UUID().uuidString + ".yaml")
        try yaml.write(to: file, atomically: true, encoding: .utf8)
        let words = [Lab.shared.kubectl, "--kubeconfig=\(Lab.shared.kubeconfig("admin"))", "-n", self.namespace]
        let result = try await run(words + maker.words + ["-f", file.path])
        guard result.status == 0 else { throw Missed(description: result.error) }
    }

    func apply(_ yaml: String) async throws { try await self.make(yaml, by: .clientSideApply) }

    /// Takes away what runs and what nodes write rules for. The namespace stays: to delete one, the server goes through all kinds
    /// of objects, and the cluster itself is taken down soon.
    func delete() async throws {
        try await kubectl("-n", self.namespace, "delete", "deployments,services", "--all", "--wait=false")
    }

    /// The address of a Service.
    func address(of service: String = "web") async throws -> String {
        try await kubectl("-n", self.namespace, "get", "service", service, "-o", "jsonpath={.spec.clusterIP}")
    }

    /// When the Lease was last renewed.
    func renewTime(service: String = "web") async throws -> String {
        try await kubectl("-n", self.namespace, "get", "lease", "tunnel-\(service)", "-o", "jsonpath={.spec.renewTime}")
    }

    /// The Service as JSON without its resourceVersion, which is all that an intercept may change.
    func serviceText(_ service: String = "web") async throws -> String {
        let text = try await kubectl(
            "-n", self.namespace, "get", "service", service, "-o", "json", "--show-managed-fields=true")
        return text.split(separator: "\n").filter { !$0.contains("\"resourceVersion\"") }.joined(separator: "\n")
    }

    /// Everything in the namespace that belongs to a session, a name a line.
    ///
    /// - Parameter endingPods: Whether pods that are being deleted count. The API server is asked to delete them at once;
    ///   how long a kubelet takes is its own affair: up to a minute for one whose image was never pulled.
    func leftovers(endingPods: Bool = false) async throws -> String {
        let skip = endingPods ? "" : "{{if not (and (eq .kind \"Pod\") .metadata.deletionTimestamp)}}"
        let end = endingPods ? "" : "{{end}}"
        return try await kubectl(
            "-n", self.namespace, "get",
            "leases,deployments,pods,services,secrets,serviceaccounts,roles,rolebindings,networkpolicies",
            "-l", "kubectl-tunnel/session", "-o",
            "go-template={{range .items}}\(skip){{.kind}}/{{.metadata.name}}{{\"\\n\"}}\(end){{end}}")
    }

    /// The pods and ReplicaSets of sessions, each with its times and owners: for what a leftover has to be explained with.
    func owners() async throws -> String {
        try await kubectl(
            "-n", self.namespace, "get", "replicasets,pods", "-l", "kubectl-tunnel/session", "-o",
            "go-template={{range .items}}{{.kind}}/{{.metadata.name}} made {{.metadata.creationTimestamp}} deleted "
                + "{{.metadata.deletionTimestamp}} of{{range .metadata.ownerReferences}} {{.kind}}/{{.name}} {{.uid}}"
                + "{{end}}{{\"\\n\"}}{{end}}")
    }

    /// Starts an intercept and waits until the Service is switched.
    func intercept(
        _ words: String..., service: String = "web", user: String = "admin", host: String = "laptop",
        environment: [String: String] = [:]
    ) async throws -> Running {
        let plugin = try self.start(
            ["intercept", service] + words, user: user, host: host, environment: environment)
        try await eventually(within: 60, "intercept is ready: \(plugin.error)") {
            guard plugin.isRunning else { throw Missed(description: "plugin ended: \(plugin.error)") }
            return plugin.error.contains("now comes to")
        }
        return plugin
    }

    /// Starts the plugin on a laptop; `environment` is what differs from the usual one there.
    func start(
        _ words: [String], user: String = "admin", host: String = "laptop", environment: [String: String] = [:]
    ) throws -> Running {
        try Running(
            [Lab.shared.plugin] + words + ["-n", self.namespace],
            environment: Lab.shared.laptop(user: user, host: host).merging(environment) { _, new in new })
    }

    /// Ends an intercept by Ctrl-C and checks that nothing is left.
    func end(
        _ plugin: Running, before: String, service: String = "web", endingPods: Bool = false
    ) async throws {
        plugin.send(SIGINT)
        let result = try await plugin.finish(within: 60)
        #expect(result.status == 0, "\(result.error)")
        try await self.expectRestored(before, service: service, endingPods: endingPods)
    }

    /// Checks that the Service is as it was and that nothing is left.
    func expectRestored(_ before: String, service: String = "web", endingPods: Bool = false) async throws {
        #expect(try await self.serviceText(service) == before)
        try await self.expectNothingLeft(endingPods: endingPods)
    }

    /// Waits until nothing is left: what has owners is collected a moment later.
    func expectNothingLeft(endingPods: Bool = false) async throws {
        try await eventually(within: 60, "nothing is left: \(try await self.leftovers(endingPods: true))") {
            try await self.leftovers(endingPods: endingPods).isEmpty
        }
    }

    private func tellState() async {
        let state = try? await kubectl(
            "-n", self.namespace, "get", "leases,deployments,pods,services,endpoints", "-o", "wide")
        print("state of \(self.namespace):\n\(state ?? "")")
        let logs = try? await kubectl("-n", self.namespace, "logs", "-l", "kubectl-tunnel/session", "--tail=40")
        print("proxy:\n\(logs ?? "")")
    }
}

/// A process on the laptop that answers `who=NAME`.
struct LocalProcess: Sendable {
    let process: Running
    let port: Int

    /// - Parameter arrivals: A file that gets a line for each request that comes.
    static func start(
        who: String = "laptop", port: Int, rawPort: Int? = nil, arrivals: URL? = nil
    ) async throws -> LocalProcess {
        var environment = Lab.shared.environment
        environment["WHO"] = who
        environment["PORTS"] = "\(port)"
        if let rawPort { environment["RAW_PORTS"] = "\(rawPort)" }
        if let arrivals { environment["ARRIVALS"] = arrivals.path }
        let process = try Running(["python3", Lab.shared.workload + "/server.py"], environment: environment)
        try await eventually(within: 10, "local process on \(port)") {
            try await run(["curl", "-s", "--noproxy", "*", "http://127.0.0.1:\(port)/"]).status == 0
        }
        return LocalProcess(process: process, port: port)
    }

    func stop() async throws {
        self.process.send(SIGKILL)
        _ = try await self.process.finish()
    }
}
