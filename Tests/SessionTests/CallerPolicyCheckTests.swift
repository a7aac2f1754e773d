import Kubernetes
import Session
import Testing

@Suite struct CallerPolicyCheckTests {
    private let web = ["app": "web"]
    private let proxy = ["app": "kt-1", Key.session: "aaaaaaaaaa"]

    private func policy(_ name: String, _ selector: [String: String], _ ingress: [JSONValue]) -> NetworkPolicy {
        NetworkPolicy(
            metadata: ObjectMeta(name: name),
            spec: NetworkPolicy.Spec(
                podSelector: LabelSelector(matchLabels: selector, matchExpressions: nil), policyTypes: ["Ingress"],
                ingress: ingress))
    }

    private func obstacle(_ policies: NetworkPolicy...) -> String? {
        CallerPolicyCheck.obstacle(in: policies, originals: [self.web], proxy: self.proxy)
    }

    private let fromFrontend: JSONValue = ["from": [["podSelector": ["matchLabels": ["app": "frontend"]]]]]

    @Test("without a policy on the proxy everybody comes in")
    func none() {
        #expect(obstacle() == nil)
        #expect(obstacle(policy("web", web, [fromFrontend])) == nil)
    }

    @Test("a default deny keeps out whom the workload's own policy lets in")
    func defaultDeny() {
        #expect(obstacle(policy("deny", [:], []), policy("web", web, [fromFrontend])) == "deny")
    }

    @Test("a policy for all pods lets the same callers in")
    func sameRule() {
        #expect(obstacle(policy("all", [:], [fromFrontend])) == nil)
        #expect(obstacle(policy("all", [:], [[:]]), policy("web", web, [fromFrontend])) == nil)
    }

    @Test("what nobody reaches today needs no way")
    func unreachable() { #expect(obstacle(policy("deny", [:], [])) == nil) }
}
