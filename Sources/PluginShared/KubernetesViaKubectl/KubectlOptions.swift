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

    /// The flags for kubectl, the namespace's first.
    public var flags: [String] {
        let values = [
            ("namespace", self.namespace), ("kubeconfig", self.kubeconfig), ("context", self.context),
            ("as", self.impersonatedUser),
        ]
        return values.compactMap { name, value in value.map { "--\(name)=\($0)" } }
            + self.impersonatedGroups.map { "--as-group=\($0)" }
    }
}
