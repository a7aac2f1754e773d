import Foundation

/// A webhook of the API server that sees every write of a session, and kills its author after the n-th.
struct CrashHook: Sendable {
    /// A write that it saw.
    struct Write: Decodable, Sendable {
        var namespace: String
        var actor: String
        var number: Int
        var write: String
        var time: Double
        var killed: Bool
    }

    /// The user as whom the plugin has to write, so that its writes are told from others'.
    static let user = ["--as=plugin", "--as-group=system:masters"]
    private static let label = "kubectl-tunnel-test/crash"

    private let name: String
    private let process: Running
    private let folder: URL
    private var log: URL { self.folder.appendingPathComponent("log") }

    /// Runs a body with the webhook, and takes it away whatever happens.
    static func with(_ body: (CrashHook) async throws -> Void) async throws {
        let hook = try await Self.start()
        let result: Result<Void, any Error>
        do {
            result = .success(try await body(hook))
        } catch {
            result = .failure(error)
        }
        try await kubectl("delete", "validatingwebhookconfiguration", hook.name)
        hook.process.send(SIGKILL)
        _ = try await hook.process.finish()
        try result.get()
    }

    private static func start() async throws -> CrashHook {
        let folder = Lab.shared.folder.appendingPathComponent(UUID().uuidString)
        let orders = folder.appendingPathComponent("orders")
        try FileManager.default.createDirectory(at: orders, withIntermediateDirectories: true)
        let (key, certificate) = (folder.path + "/key", folder.path + "/certificate")
        let made = try await run([
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days",
            "2",
            "-subj", "/CN=crash", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate,
        ])
        guard made.status == 0 else { throw Missed(description: made.error) }
        let port = Int.random(in: 20_000..<30_000)
        let process = try Running(
            Lab.shared.node + [
                "python3", Lab.shared.workload + "/crash.py", "--port", "\(port)", "--certificate", certificate,
                "--key", key, "--orders", orders.path, "--log", folder.path + "/log",
            ])
        try await eventually(within: 10, "the webhook listens: \(process.error)") {
            try await run(Lab.shared.node + ["bash", "-c", ": </dev/tcp/127.0.0.1/\(port)"]).status == 0
        }
        let name = "crash-" + UUID().uuidString.lowercased().prefix(8)
        let bundle = try Data(contentsOf: URL(fileURLWithPath: certificate)).base64EncodedString()
        try await kubectl(
            "create",
            input: """
                apiVersion: admissionregistration.k8s.io/v1
                kind: ValidatingWebhookConfiguration
                metadata: {name: \(name)}
                webhooks:
                - name: crash.kubectl-tunnel.test
                  clientConfig: {url: "https://127.0.0.1:\(port)/", caBundle: \(bundle)}
                  admissionReviewVersions: [v1]
                  sideEffects: NoneOnDryRun
                  failurePolicy: Ignore
                  timeoutSeconds: 5
                  namespaceSelector: {matchLabels: {\(Self.label): "yes"}}
                  rules:
                  - apiGroups: ["*"]
                    apiVersions: ["*"]
                    operations: [CREATE, UPDATE, DELETE]
                    scope: Namespaced
                    resources: [services, leases, deployments, secrets, serviceaccounts, roles, rolebindings, networkpolicies]
                """)
        return CrashHook(name: name, process: process, folder: folder)
    }

    /// From now on the namespace's writes are seen.
    func watch(_ namespace: String) async throws {
        try await kubectl("label", "namespace", namespace, "\(Self.label)=yes")
    }

    /// Orders a crash after the n-th write in a namespace.
    func crash(_ actor: String, after write: Int, pid: pid_t = 0, in namespace: String) throws {
        try "{\"actor\": \"\(actor)\", \"write\": \(write), \"pid\": \(pid)}".write(
            to: self.folder.appendingPathComponent("orders/\(namespace)"), atomically: true, encoding: .utf8)
    }

    /// The writes in a namespace so far.
    func writes(in namespace: String) throws -> [Write] {
        let text = (try? String(contentsOf: self.log, encoding: .utf8)) ?? ""
        return try text.split(separator: "\n").map { try JSONDecoder().decode(Write.self, from: Data($0.utf8)) }
            .filter { $0.namespace == namespace }
    }
}
