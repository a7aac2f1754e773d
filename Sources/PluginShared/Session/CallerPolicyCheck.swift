public import Kubernetes

/// Whether callers that reach the original pods today would reach the proxy, as far as NetworkPolicies say.
///
/// Only what comes in: what the proxy itself connects to is tried from its pod before the switch.
public enum CallerPolicyCheck {
    /// The name of a policy that would keep callers out of the proxy; `nil` when they can come.
    ///
    /// - Parameters:
    ///   - policies: All policies of the namespace.
    ///   - originals: The labels of each original pod.
    ///   - proxy: The labels of the proxy's pod.
    public static func obstacle(
        in policies: [NetworkPolicy], originals: [[String: String]], proxy: [String: String]
    ) -> String? {
        let isolating = policies.filter { $0.isolatesIngress && $0.spec.podSelector.matches(proxy) }
        guard let first = isolating.first else { return nil }
        let allowed = Set(isolating.flatMap { $0.spec.ingress ?? [] })
        // A rule without conditions admits all.
        guard !allowed.contains([:]) else { return nil }
        for labels in originals {
            let theirs = policies.filter { $0.isolatesIngress && $0.spec.podSelector.matches(labels) }
            let rules = theirs.flatMap { $0.spec.ingress ?? [] }
            if theirs.isEmpty || !allowed.isSuperset(of: rules) { return first.metadata.name }
        }
        return nil
    }
}
