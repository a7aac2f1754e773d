public import ArgumentParser
public import KubernetesViaKubectl

/// kubectl's own flags, which every plugin has to take itself: kubectl allows none in front of a plugin's name.
public struct ClusterOptions: ParsableArguments {
    @Option(
        name: [.short, .long], help: "The namespace. Default: the context's.", completion: ClusterCompletion.namespaces)
    var namespace: String?

    @Option(help: "The kubeconfig context. Default: the current one.", completion: ClusterCompletion.contexts)
    var context: String?

    @Option(help: "The kubeconfig file. Default: kubectl's.", completion: .file())
    var kubeconfig: String?

    @Option(name: .customLong("as"), help: "The user to impersonate.")
    var impersonatedUser: String?

    @Option(name: .customLong("as-group"), help: "A group to impersonate; may be given several times.")
    var impersonatedGroups: [String] = []

    /// Options with nothing set.
    public init() {}

    /// What they mean to kubectl.
    public var kubectl: KubectlOptions {
        KubectlOptions(
            namespace: self.namespace, context: self.context, kubeconfig: self.kubeconfig,
            impersonatedUser: self.impersonatedUser, impersonatedGroups: self.impersonatedGroups)
    }
}
