import Foundation
import Kubernetes
import Session
import Testing

extension EndToEnd {
    /// What `install --admission-policy` prints, held against what sessions really write, and against what the accounts could
    /// be used for.
    @Suite struct AdmissionPolicyTests {
        private static let proxy = "kubectl-tunnel-proxy"
        private static let controller = "kubectl-tunnel-controller"
        private static let service = """
            apiVersion: v1
            kind: Service
            metadata: {name: web, labels: {team: shop}, annotations: {owner: alice}}
            spec: {selector: {app: web, app.kubernetes.io/name: ""}, ports: [{port: 80, targetPort: 8080}]}
            """

        @Test("a session's writes pass; any other change by its accounts is denied")
        func policies() async throws {
            let deployment = Shop.deployment(labels: "app: web, app.kubernetes.io/name: \"\"", replicas: 1)
            try await Shop.with(service: Self.service, deployments: [deployment]) { shop in
                let local = try await LocalProcess.start(port: 3000)
                let check = try await AdmissionCheck(
                    try await shop.install("--admission-policy"), namespace: shop.namespace)
                let text = try await shop.serviceText()
                let before = try await Self.object("service/web", shop)
                let plugin = try await shop.intercept("--port", "3000")
                let switched = try await Self.object("service/web", shop)
                let origin = try await Self.object(
                    "services -l kubectl-tunnel/component=origin", shop, items: true)
                try await shop.end(plugin, before: text)
                let restored = try await Self.object("service/web", shop)
                try await local.stop()

                func denied(_ account: String, _ before: JSONValue, _ after: JSONValue) async throws -> Bool {
                    try await !check.denials(.init(account: account, before: before, after: after)).isEmpty
                }
                // What is done.
                #expect(try await !denied(Self.controller, before, switched))
                for account in [Self.proxy, Self.controller, "kt-ab12-proxy"] {
                    #expect(try await !denied(account, switched, restored), "\(account)")
                    let marked = origin.setting(["metadata", "annotations", Key.endedBy], "aaaaaaaaaa")
                    #expect(try await !denied(account, origin, marked), "\(account)")
                }
                // What only a controller does, and only so.
                #expect(try await denied(Self.proxy, before, switched))
                for (key, value) in [("app", "db"), ("tier", "kt-1")] {
                    let wrong = switched.setting(["spec", "selector", key], .string(value))
                    #expect(try await denied(Self.controller, before, wrong), "\(key)")
                }
                let lost = switched.setting(["metadata", "annotations", Key.originalSelector], #"{"app":"db"}"#)
                #expect(try await denied(Self.controller, before, lost))
                // What nobody does.
                for account in [Self.proxy, Self.controller, "kt-ab12-proxy"] {
                    for (path, value) in Self.abuses {
                        let after = switched.setting(path, value)
                        #expect(try await denied(account, switched, after), "\(account) \(path)")
                    }
                    let led = origin.setting(["spec", "selector", "app"], "db")
                    #expect(try await denied(account, origin, led), "\(account)")
                    for (object, isAllowed) in [(before, false), (origin, true)] {
                        let denials = try await check.denials(
                            .init(account: account, operation: "DELETE", before: object))
                        #expect(denials.isEmpty == isAllowed, "\(account)")
                    }
                }
                // Another account is none of its affair.
                #expect(try await !denied("default", before, before.setting(["spec", "externalIPs"], ["1.2.3.4"])))
            }
        }

        private static let abuses: [(path: [String], value: JSONValue)] = [
            (["spec", "externalIPs"], ["203.0.113.7"]), (["spec", "type"], "NodePort"),
            (["spec", "ports"], [["port": 80, "targetPort": 9999]]), (["spec", "selector", "app"], "db"),
            (["spec", "selector"], [:]), (["metadata", "labels", "team"], "other"),
            (["metadata", "annotations", "owner"], "mallory"), (["metadata", "annotations", "new"], "1"),
            (["metadata", "finalizers"], ["a/b"]),
            (["metadata", "annotations", Key.originalSelector], #"{"app":"db"}"#),
        ]

        private static func object(_ words: String, _ shop: Shop, items: Bool = false) async throws -> JSONValue {
            let words = ["-n", shop.namespace, "get"] + words.split(separator: " ").map(String.init)
            let result = try await run(
                [Lab.shared.kubectl, "--kubeconfig=\(Lab.shared.kubeconfig("admin"))"] + words + ["-o", "json"])
            let value = try #require(JSONValue(text: result.output))
            guard items else { return value }
            guard case .array(let all)? = value["items"] else { return .null }
            return try #require(all.first)
        }
    }
}

extension JSONValue {
    /// It with another value at a path of members.
    fileprivate func setting(_ path: [String], _ new: JSONValue) -> JSONValue {
        guard let key = path.first else { return new }
        var members: [String: JSONValue] = [:]
        if case .object(let present) = self { members = present }
        members[key] = (members[key] ?? [:]).setting(Array(path.dropFirst()), new)
        return .object(members)
    }
}
