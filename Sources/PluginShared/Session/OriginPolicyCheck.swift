public import Kubernetes

/// Whether NetworkPolicies would keep the proxy from the original pods, as far as labels tell.
///
/// The path itself is tried from the proxy's pod before every switch; this says beforehand which policy to look at.
public enum OriginPolicyCheck {
    /// The name of a policy that would stop the proxy; `nil` when the labels speak for it.
    ///
    /// - Parameters:
    ///   - policies: All policies of the namespace.
    ///   - originals: The labels of each original pod.
    ///   - proxy: The labels of the proxy's pod.
    public static func obstacle(
        in policies: [NetworkPolicy], originals: [[String: String]], proxy: [String: String]
    ) -> String? {
        let leaving = policies.filter { $0.isolatesEgress && $0.spec.podSelector.matches(proxy) }
        for labels in originals {
            let mayLeave = leaving.flatMap { $0.spec.egress ?? [] }.contains { Self.allows($0, "to", labels) }
            if let first = leaving.first, !mayLeave { return first.metadata.name }
            let entering = policies.filter { $0.isolatesIngress && $0.spec.podSelector.matches(labels) }
            let mayEnter = entering.flatMap { $0.spec.ingress ?? [] }.contains { Self.allows($0, "from", proxy) }
            if let first = entering.first, !mayEnter { return first.metadata.name }
        }
        return nil
    }

    /// Whether a rule names these pods of the same namespace, or none in particular. Ports are left out, and so are
    /// address blocks: the probe knows more.
    private static func allows(_ rule: JSONValue, _ side: String, _ labels: [String: String]) -> Bool {
        guard case .array(let peers)? = rule[side], !peers.isEmpty else { return true }
        return peers.contains { peer in
            if peer["ipBlock"] != nil { return true }
            guard let selector = peer["podSelector"] else { return peer["namespaceSelector"] == [:] }
            return LabelSelector(selector)?.matches(labels) ?? false
        }
    }
}
