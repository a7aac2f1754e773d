import Foundation
import Testing

extension EndToEnd {
    /// What a cluster, or the way to it, may have against an intercept.
    @Suite struct ClusterRefusalTests {
        private static let intercept = ["intercept", "web", "--port", "3000", "--no-wait"]

        @Test("an image that cannot be pulled ends the intercept within seconds")
        func image() async throws {
            try await Shop.with(deployments: []) { shop in
                try await shop.expectRefusal(
                    Self.intercept + ["--image", "registry.local/nothing:1"],
                    saying: ["error: the proxy does not start: ErrImagePull", "hint: name an image"], within: 15)
            }
        }

        @Test(
            "a quota that has no room for the proxy ends the intercept within seconds",
            arguments: [
                ("pods", "error: the cluster refuses the proxy's pod:"),
                ("count/deployments.apps", "error: cannot create deployment/"),
            ])
        func quota(resource: String, says: String) async throws {
            try await Shop.with(deployments: []) { shop in
                try await kubectl("-n", shop.namespace, "create", "quota", "none", "--hard=\(resource)=0")
                try await eventually(within: 10, "the quota counts") {
                    try await kubectl("-n", shop.namespace, "get", "quota", "none", "-o", "jsonpath={.status.used}")
                        .contains(resource)
                }
                try await shop.expectRefusal(Self.intercept, saying: [says, "exceeded quota: none"], within: 15)
            }
        }

        @Test(
            "a namespace without a pod security policy for the proxy refuses it within seconds",
            .servers(before: 25, "1.25 has no pod security policies"))
        func noPolicy() async throws {
            try await Shop.with(deployments: []) { shop in
                try await kubectl("-n", shop.namespace, "delete", "rolebinding", "pod-security-policy")
                try await shop.expectRefusal(
                    Self.intercept,
                    saying: [
                        "error: the cluster refuses the proxy's pod:", "PodSecurityPolicy: unable to admit pod",
                        "hint: ask an admin whether quota or pod security",
                    ], within: 15)
            }
        }

        @Test(
            "the restricted pod security policy accepts the proxy",
            .servers(before: 25, "1.25 has no pod security policies"))
        func restrictedPolicy() async throws {
            try await Shop.with(deployments: [Shop.deployment(replicas: 1)], isRestricted: true) { shop in
                let local = try await LocalProcess.start(port: 3000)
                let before = try await shop.serviceText()
                let plugin = try await shop.intercept("--port", "3000")
                try await shop.expect("laptop")
                #expect(
                    try await kubectl(
                        "-n", shop.namespace, "get", "pods", "-l", "kubectl-tunnel/component=proxy", "-o",
                        "jsonpath={.items[*].metadata.annotations.kubernetes\\.io/psp}") == "restricted")
                try await shop.end(plugin, before: before)
                try await local.stop()
            }
        }

        @Test("another client without any rights in the namespace is refused in one line")
        func forbidden() async throws {
            try await Shop.with(deployments: []) { shop in
                try await shop.expectRefusal(
                    Self.intercept,
                    saying: [
                        "error: cannot read service/web in namespace \(shop.namespace)", "forbidden",
                        "hint: ask an admin",
                    ], user: "carol")
                try await shop.expectRefusal(
                    ["list"], saying: ["error: cannot list tunnels", "forbidden", "hint: ask an admin"], user: "carol")
            }
        }

        @Test("no way to the cluster: one line that says which part is missing")
        func noCluster() async throws {
            try await Shop.with(deployments: []) { shop in
                try await shop.expectRefusal(
                    Self.intercept + ["--context", "nowhere"],
                    saying: ["error: there is no context nowhere in the kubeconfig", "hint: see that"])
                try await shop.expectRefusal(
                    Self.intercept + ["--kubeconfig", "/nonexistent/config"],
                    saying: ["error: ", "/nonexistent/config"])
                try await shop.expectRefusal(
                    Self.intercept, saying: ["error: cannot reach the cluster:", "hint: see that"],
                    environment: ["KUBECONFIG": "/nonexistent/config"])
                try await shop.expectRefusal(
                    Self.intercept + ["--context", "other"],
                    saying: ["error: cannot reach the cluster:", "connection refused", "hint: see that"])
                try await shop.expectRefusal(
                    Self.intercept, saying: ["error: kubectl is not on the PATH", "hint: install kubectl"],
                    environment: ["PATH": "/nonexistent"])
            }
        }

        @Test("expired credentials: one line that says to log in again")
        func credentials() async throws {
            try await Shop.with(deployments: []) { shop in
                let says = ["error: cannot reach the cluster: Unauthorized", "hint: log in again"]
                for credentials in [["--token=long-gone"], try await Self.expiredCertificate()] {
                    let config = Lab.shared.folder.appendingPathComponent(UUID().uuidString).path
                    try FileManager.default.copyItem(atPath: Lab.shared.kubeconfig("admin"), toPath: config)
                    let change = [Lab.shared.kubectl, "--kubeconfig=\(config)", "config"]
                    try await run(change + ["unset", "users"])
                    try await run(change + ["set-credentials", "admin"] + credentials)
                    try await shop.expectRefusal(Self.intercept + ["--kubeconfig", config], saying: says)
                }
            }
        }

        /// A certificate of the cluster's own authority that ran out yesterday, as kubectl's flags.
        private static func expiredCertificate() async throws -> [String] {
            let base = Lab.shared.folder.appendingPathComponent(UUID().uuidString).path
            let authority = Lab.shared.authority
            let (key, request, certificate) = ("\(base).key", "\(base).csr", "\(base).crt")
            for words in [
                ["ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", key],
                ["req", "-new", "-key", key, "-subj", "/O=system:masters/CN=admin", "-out", request],
                [
                    "x509", "-req", "-in", request, "-CA", "\(authority).crt", "-CAkey", "\(authority).key", "-days",
                    "-1", "-out", certificate,
                ],
            ] {
                let result = try await run(["openssl"] + words)
                guard result.status == 0 else { throw Missed(description: result.error) }
            }
            return ["--client-certificate=\(certificate)", "--client-key=\(key)"]
        }
    }
}
