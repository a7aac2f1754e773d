/// Which cluster, as whom, and in which namespace: resolved once at the start and passed to every kubectl child, so
/// that `kubectl config use-context` in mid-session changes nothing.
public struct KubectlPin: Sendable, Equatable {
    /// The kubectl executable, absolute.
    public var executable: String
    /// `--kubeconfig`, absolute, when it was given.
    public var kubeconfig: String?
    /// The `KUBECONFIG` list with absolute paths, when the environment has one.
    public var kubeconfigList: String?
    /// The context's name; `nil` when there is no kubeconfig (kubectl then uses the pod's own account).
    public var context: String?
    /// The context's cluster.
    public var cluster: String?
    /// The API server's URL; `nil` when there is no kubeconfig.
    public var server: String?
    /// The context's user.
    public var user: String?
    /// The flags for `kubectl` that the user has typed, but for the namespace.
    public var typedFlags: [String] = []
    /// Whether the user's credentials come from a program, which may ask for a login.
    public var runsCredentialPlugin = false
    /// The namespace to work in.
    public var namespace: String
    /// `--as`.
    public var impersonatedUser: String?
    /// `--as-group`, in order.
    public var impersonatedGroups: [String] = []

    /// A pin.
    public init(
        executable: String, kubeconfig: String? = nil, kubeconfigList: String? = nil, context: String? = nil,
        cluster: String? = nil, user: String? = nil, namespace: String, impersonatedUser: String? = nil,
        impersonatedGroups: [String] = []
    ) {
        self.executable = executable
        self.kubeconfig = kubeconfig
        self.kubeconfigList = kubeconfigList
        self.context = context
        self.cluster = cluster
        self.user = user
        self.namespace = namespace
        self.impersonatedUser = impersonatedUser
        self.impersonatedGroups = impersonatedGroups
    }

    /// The arguments that go in front of every child's own.
    public var arguments: [String] {
        var arguments: [String] = []
        func add(_ flag: String, _ value: String?) {
            if let value { arguments.append("--\(flag)=\(value)") }
        }
        add("kubeconfig", self.kubeconfig)
        add("context", self.context)
        add("cluster", self.cluster)
        add("user", self.user)
        add("namespace", self.namespace)
        add("as", self.impersonatedUser)
        for group in self.impersonatedGroups { add("as-group", group) }
        return arguments
    }
}
