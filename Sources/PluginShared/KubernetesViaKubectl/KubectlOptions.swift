/// What the user said about the cluster on the command line, in kubectl's own flags.
public struct KubectlOptions: Sendable, Equatable {
    /// `-n`, `--namespace`.
    public var namespace: String?
    /// `--context`.
    public var context: String?
    /// `--kubeconfig`.
    public var kubeconfig: String?
    /// `--as`.
    public var impersonatedUser: String?
    /// `--as-group`.
    public var impersonatedGroups: [String]

    /// Options; what is `nil` is kubectl's default.
    public init(
        namespace: String? = nil, context: String? = nil, kubeconfig: String? = nil, impersonatedUser: String? = nil,
        impersonatedGroups: [String] = []
    ) {
        self.namespace = namespace
        self.context = context
        self.kubeconfig = kubeconfig
        self.impersonatedUser = impersonatedUser
        self.impersonatedGroups = impersonatedGroups
    }
}
