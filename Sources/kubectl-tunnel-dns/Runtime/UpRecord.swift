import KubernetesViaKubectl
import PluginGateway
import Session

/// How a session makes names reach the cluster.
enum UpMode: String, Codable, Sendable, CaseIterable {
    /// By the system's resolver and the kernel: every program, as root.
    case resolver
    /// By a local proxy: programs that are told of it.
    case proxy
}

/// What a session writes down of itself, so that others find it, and can clean up behind it when it was killed.
struct UpRecord: Codable, Sendable {
    /// The session's identifier.
    var session: String
    /// `USER/HOST/SESSION`.
    var holder: String
    /// The process.
    var pid: Int32
    /// Seconds since 1970.
    var startedAt: Double
    /// The namespace of the gateway.
    var namespace: String
    /// The kubeconfig context.
    var context: String?
    /// `--kubeconfig`, absolute.
    var kubeconfig: String?
    /// The `KUBECONFIG` list, absolute.
    var kubeconfigList: String?
    /// The API server's URL.
    var server: String?
    /// `--as`.
    var impersonatedUser: String?
    /// `--as-group`.
    var impersonatedGroups: [String]
    /// The mode; `nil` while the session is being set up.
    var mode: UpMode?
    /// The local proxy's port.
    var proxyPort: Int?
    /// The cluster's names; `nil` while the session is being set up.
    var names: ClusterNames?

    /// A session that begins.
    init(holder: Holder, pin: KubectlPin, pid: Int32, startedAt: Double) {
        self.session = holder.session.description
        self.holder = holder.description
        self.pid = pid
        self.startedAt = startedAt
        self.namespace = pin.namespace
        self.context = pin.context
        self.kubeconfig = pin.kubeconfig
        self.kubeconfigList = pin.kubeconfigList
        self.server = pin.server
        self.impersonatedUser = pin.impersonatedUser
        self.impersonatedGroups = pin.impersonatedGroups
    }

    /// The flags that lead to the session's cluster.
    var options: KubectlOptions {
        KubectlOptions(
            namespace: self.namespace, context: self.context, kubeconfig: self.kubeconfig,
            impersonatedUser: self.impersonatedUser, impersonatedGroups: self.impersonatedGroups)
    }

    /// Where the session is, as people say it.
    var place: String { "namespace \(self.namespace)" + (self.context.map { " of context \($0)" } ?? "") }
}
