public import Kubernetes
import PluginConsole
public import Session

/// Waiting for the pod of a session, and ending at once when it can never come.
public struct ProxyPod: Sendable {
    private let client: KubernetesClient
    private let namespace: String
    private let deployment: String
    private let session: SessionID?
    private let labels: String
    private let component: String

    /// The pod of a Deployment.
    ///
    /// - Parameter component: What it is: its label ``Key/component``, and its name in messages.
    public init(
        client: KubernetesClient, namespace: String, deployment: String, session: SessionID, component: String = "proxy"
    ) {
        self.client = client
        self.namespace = namespace
        self.deployment = deployment
        self.session = session
        self.labels = "\(Key.session)=\(session),\(Key.component)=\(component)"
        self.component = component
    }

    /// The controller's pod.
    public init(controllerIn namespace: String, client: KubernetesClient) {
        self.client = client
        self.namespace = namespace
        self.deployment = ControllerInstallation.name
        self.session = nil
        self.labels = ControllerInstallation.podLabels
        self.component = "controller"
    }

    /// Reasons for a container to wait that do not resolve themselves soon (kubelet, `images` and `kuberuntime`).
    private static let hopeless: Set<String> = [
        "ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "ImageInspectError",
        "RegistryUnavailable", "CrashLoopBackOff",
    ]
    /// Reasons that often do: a kubelet that is busy says CreateContainerConfigError when its copy of a Secret is not
    /// there within a second, and tries again.
    private static let stubborn: Set<String> = [
        "CreateContainerConfigError", "CreateContainerError", "RunContainerError",
    ]
    /// How long a pod may have a stubborn reason: a kubelet tries again after 10 to 15 s.
    private static let gracePeriod = Duration.seconds(30)

    /// The name of a pod that is Ready.
    ///
    /// - Throws: ``PluginFailure`` with the cluster's own words.
    public func ready(within limit: Duration) async throws -> String {
        let clock = ContinuousClock()
        let deadline = clock.now + limit
        var stubbornSince: ContinuousClock.Instant?
        while true {
            let pods = try await self.pods().filter { $0.metadata.deletionTimestamp == nil }
            if let pod = try await self.first(of: pods) { return pod }
            for pod in pods { if let failure = self.failure(of: pod, Self.hopeless) { throw failure } }
            let stubborn = pods.lazy.compactMap { self.failure(of: $0, Self.stubborn) }.first
            stubbornSince = stubborn == nil ? nil : stubbornSince ?? clock.now
            if let stubborn, let stubbornSince, clock.now - stubbornSince >= Self.gracePeriod { throw stubborn }
            if pods.isEmpty, let failure = try await self.deploymentFailure() { throw failure }
            guard clock.now < deadline else { throw self.timedOut(pods.first, after: limit) }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    /// The name of a pod that is Ready now; `nil` for none.
    public func readyOne() async throws(APIError) -> String? {
        try await self.first(of: self.pods().filter { $0.metadata.deletionTimestamp == nil })
    }

    /// The first pod that is Ready, and the Deployment's own: labels can be copied.
    private func first(of pods: [Pod]) async throws(APIError) -> String? {
        for pod in pods where pod.isReady {
            if try await self.isOwn(pod) { return pod.metadata.name }
        }
        return nil
    }

    /// Whether a pod is the Deployment's, along its owners and their uids.
    private func isOwn(_ pod: Pod) async throws(APIError) -> Bool {
        guard let owner = pod.metadata.owner("ReplicaSet") else { return false }
        let replicaSet = try await self.client.find(.replicaSets, owner.name, in: self.namespace)
        guard let replicaSet, replicaSet.metadata.uid == owner.uid,
            let owner = replicaSet.metadata.owner("Deployment"), owner.name == self.deployment
        else { return false }
        let deployment = try await self.client.find(
            ResourceType.deployments.metadataOnly, self.deployment, in: self.namespace)
        guard let deployment, deployment.metadata.uid == owner.uid else { return false }
        return self.session.map { deployment.metadata.annotation(Key.session) == $0.description } ?? true
    }

    /// Whether no pod of the session is on its way out.
    public func isAlone() async throws(APIError) -> Bool {
        try await self.pods().allSatisfy { $0.metadata.deletionTimestamp == nil }
    }

    /// How long to wait before the watch is begun again.
    private static let watchPause = Duration.milliseconds(500)

    /// Tells the names of pods that are being deleted, as soon as it is known, and perhaps again; until the task is cancelled.
    public func watchDeletions(_ tell: @Sendable (String) -> Void) async {
        while !Task.isCancelled {
            do {
                for try await event in self.client.watch(.pods, labels: self.labels, in: self.namespace) {
                    switch event {
                    case .added(let pod), .modified(let pod):
                        if pod.metadata.deletionTimestamp != nil { tell(pod.metadata.name) }
                    case .deleted(let pod): tell(pod.metadata.name)
                    case .other: break
                    }
                }
            } catch {
                // A user who may only list them hears of it from the proxy.
                if (error as? APIError)?.code == .forbidden { return }
            }
            try? await Task.sleep(for: Self.watchPause)
        }
    }

    private func pods() async throws(APIError) -> [Pod] {
        try await self.client.list(.pods, in: self.namespace, labels: self.labels).items
    }

    private func failure(of pod: Pod, _ reasons: Set<String>) -> PluginFailure? {
        if pod.status?.phase == "Failed" {
            let reason = [pod.status?.reason, pod.status?.message].compactMap { $0 }.joined(separator: ": ")
            let hint =
                pod.status?.reason == "SysctlForbidden"
                ? "this node's kubelet forbids ports below 1024: give the Service a named target port" : nil
            return PluginFailure("the node rejected the \(self.component)'s pod: \(reason)", hint: hint)
        }
        for status in pod.status?.containerStatuses ?? [] {
            guard let waiting = status.state?.waiting, let reason = waiting.reason, reasons.contains(reason)
            else {
                continue
            }
            let isImage = reason.contains("Image") || reason == "RegistryUnavailable"
            // The container runtime's words may begin with the reason.
            let message = waiting.message ?? ""
            let words = message.hasPrefix("\(reason):") || message.isEmpty ? message : "\(reason): \(message)"
            return PluginFailure(
                "the \(self.component) does not start: \(words.isEmpty ? reason : words)",
                hint: isImage ? self.imageHint(of: pod) : nil)
        }
        return nil
    }

    /// A pull secret that is not there does not stop the kubelet, which then pulls without.
    private func imageHint(of pod: Pod) -> String {
        let secrets = (pod.spec?.imagePullSecrets ?? []).compactMap(\.name)
        guard let secret = secrets.first else {
            return "name an image that the cluster can pull with --image, and its --image-pull-secret"
        }
        return "see that secret/\(secret) is in namespace \(self.namespace), and that --image is right"
    }

    private func deploymentFailure() async throws -> PluginFailure? {
        let deployment = try await self.client.find(.deployments, self.deployment, in: self.namespace)
        let failure = deployment?.status?.conditions?.first { $0.type == "ReplicaFailure" && $0.status == "True" }
        return failure.map { condition in
            PluginFailure(
                "the cluster refuses the \(self.component)'s pod: \(condition.message ?? condition.reason ?? "")",
                hint: "ask an admin whether quota or pod security in namespace \(self.namespace) can allow it")
        }
    }

    private func timedOut(_ pod: Pod?, after limit: Duration) -> PluginFailure {
        let condition = pod?.status?.conditions?.first { $0.status != "True" && $0.message != nil }
        let state = condition?.message ?? pod?.status?.phase.map { "it is \($0)" } ?? "there is no pod"
        return PluginFailure(
            "the \(self.component) was not ready within \(limit): \(state)", hint: "try again with --timeout")
    }
}
