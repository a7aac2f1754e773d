import Foundation
import Testing

extension EndToEnd {
    @Suite struct RefusalTests {
        /// A Service that is not intercepted, and what is said about it.
        struct Case: Sendable, CustomTestStringConvertible {
            var testDescription: String
            var spec: String
            var annotations = "{}"
            var words = ["--port", "3000", "--no-wait"]
            var says: [String]

            var service: String {
                """
                apiVersion: v1
                kind: Service
                metadata: {name: web, annotations: \(self.annotations)}
                spec: \(self.spec)
                """
            }
        }

        private static let selector = "selector: {app: web}"
        private static let http = "{name: http, port: 80, targetPort: 8080}"

        /// Servers before 1.22 have kubelets that forbid low ports.
        private static let lowPorts = Lab.serverMinor < 22

        /// What a real server says about such Services; all others are in PreflightAgreementTests.
        static let cases = [
            Case(
                testDescription: "headless", spec: "{clusterIP: None, \(selector), ports: [\(http)]}",
                says: ["error: service/web is headless", "hint: use --force"]),
            Case(
                testDescription: "externalTrafficPolicy Local",
                spec: "{type: NodePort, externalTrafficPolicy: Local, \(selector), ports: [\(http)]}",
                says: ["error: service/web has externalTrafficPolicy Local", "hint: use --force"]),
            Case(
                testDescription: "target port below 1024, on this server",
                spec: "{\(selector), ports: [{port: 80, targetPort: 80}]}",
                says: ["error: service/web port 80 has target port 80", "hint: use --force"]),
        ]

        @Test(
            "a Service that cannot be intercepted is refused, and not touched",
            arguments: cases.filter { lowPorts || !$0.testDescription.contains("below 1024") })
        func service(refused: Case) async throws {
            try await Shop.with(service: refused.service, deployments: []) { shop in
                try await shop.expectRefusal(["intercept", "web"] + refused.words, saying: refused.says)
            }
        }

        @Test("a Service that does not exist is refused with the names most like it")
        func unknownService() async throws {
            try await Shop.with(deployments: []) { shop in
                let place = "in namespace \(shop.namespace)"
                try await shop.expectRefusal(
                    ["intercept", "wbe", "--port", "3000"],
                    saying: ["error: there is no service/wbe \(place)", "hint: did you mean web?"])
                try await shop.expectRefusal(
                    ["intercept", "checkout", "--port", "3000"],
                    saying: ["error: there is no service/checkout \(place)", "hint: see `kubectl get services -n"])
                try await shop.expectRefusal(
                    ["stop", "web"], saying: ["error: service/web is not intercepted \(place)", "hint: see"])
            }
        }

        @Test(
            "wrong usage ends with exit code 64 before any cluster is asked",
            arguments: [
                (["intercept", "web"], "--port"), (["intercept", "--port", "3000"], "service"),
                (["intercept", "web", "--port", "web"], "expected LOCAL or LOCAL:REMOTE"),
                (["intercept", "web", "--port", "70000"], "expected LOCAL or LOCAL:REMOTE"),
                (["intercept", "web", "--port", "3000", "--lease-duration", "2"], "expected 5 to 600 seconds"),
                (["intercept", "web", "--port", "3000", "--timeout", "0"], "expected 1 to 3600 seconds"),
                (["intercept", "web", "--port", "3000", "--nonsense"], "--nonsense"),
                (["list", "--output", "xml"], "xml"), (["frobnicate"], "frobnicate"),
                (["dns"], "did you mean `kubectl tunnel-dns`?"),
            ])
        func usage(words: [String], says: String) async throws {
            var environment = Lab.shared.laptop()
            environment["KUBECONFIG"] = "/nonexistent"
            let result = try await run([Lab.shared.plugin] + words, environment: environment)
            #expect(result.status == 64)
            #expect(result.output.isEmpty)
            #expect(result.error.contains(says), "\(result.error)")
            #expect(result.error.split(separator: "\n").filter { $0.lowercased().hasPrefix("error: ") }.count == 1)
        }

        @Test("Ctrl-C while the local port does not answer yet ends it, and nothing was touched")
        func waiting() async throws {
            try await Shop.with(deployments: []) { shop in
                let before = try await shop.serviceText()
                let plugin = try shop.start(["intercept", "web", "--port", "3999"])
                try await eventually(within: 10, "it waits: \(plugin.error)") {
                    plugin.error.contains("waiting for 127.0.0.1:3999 to answer")
                }
                #expect(try await shop.leftovers().isEmpty)
                plugin.send(SIGINT)
                let result = try await plugin.finish(within: 5)
                #expect(result.status == 0, "\(result.error)")
                try await shop.expectRestored(before)
            }
        }
    }
}
