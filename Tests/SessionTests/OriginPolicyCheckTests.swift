import Kubernetes
import Session
import Testing

@Suite struct OriginPolicyCheckTests {
    private let web = ["app": "web"]
    private let proxy = ["app": "kt-1", Key.component: "proxy"]

    private func policy(
        _ name: String, _ selector: [String: String], ingress: [JSONValue]? = nil, egress: [JSONValue]? = nil
    ) -> NetworkPolicy {
        NetworkPolicy(
            metadata: ObjectMeta(name: name),
            spec: NetworkPolicy.Spec(
                podSelector: LabelSelector(matchLabels: selector, matchExpressions: nil),
                policyTypes: (ingress == nil ? [] : ["Ingress"]) + (egress == nil ? [] : ["Egress"]),
                ingress: ingress, egress: egress))
    }

    private func obstacle(_ policies: NetworkPolicy...) -> String? {
        OriginPolicyCheck.obstacle(in: policies, originals: [self.web], proxy: self.proxy)
    }

    private func peers(_ side: String, _ labels: [String: String]) -> JSONValue {
        .object([side: [["podSelector": ["matchLabels": JSONValue(labels)]]]])
    }

    @Test("pods that let only some in keep the proxy out, unless it is among them")
    func entering() {
        #expect(obstacle() == nil)
        #expect(obstacle(policy("web", web, ingress: [peers("from", ["app": "frontend"])])) == "web")
        #expect(obstacle(policy("web", web, ingress: [peers("from", [Key.component: "proxy"])])) == nil)
        #expect(obstacle(policy("web", web, ingress: [[:]])) == nil)
    }

    @Test("a proxy that may not leave does not reach the pods")
    func leaving() {
        #expect(obstacle(policy("deny", [:], egress: [])) == "deny")
        #expect(obstacle(policy("deny", [:], egress: []), policy("out", [:], egress: [peers("to", web)])) == nil)
    }
}
