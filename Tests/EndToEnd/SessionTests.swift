import Foundation
import Testing

extension EndToEnd {
    /// Several sessions, and what others see of them and may do to them.
    @Suite struct SessionTests {
        @Test("a colleague sees the session, cannot take the Service, and ends it only with --force")
        func colleague() async throws {
            try await Shop.with(deployments: [Shop.deployment(replicas: 1)]) { shop in
                let local = try await LocalProcess.start(port: 3000)
                let before = try await shop.serviceText()
                let plugin = try await shop.intercept("--port", "3000", user: "admin", host: "laptop-1")
                let bob = Lab.shared.colleague("bob")

                let second = try shop.start(
                    ["intercept", "web", "--port", "3000"], host: "laptop-2", environment: bob)
                try await second.finish(within: 10).expectOneError(
                    saying: [
                        "error: service/web is intercepted by admin on laptop-1",
                        "hint: ask them to end it, or take it over with --take-over",
                    ], status: 1)
                let refused = try shop.start(["stop", "web"], host: "laptop-2", environment: bob)
                try await refused.finish(within: 10).expectOneError(
                    saying: [
                        "error: service/web is intercepted by admin on laptop-1, not by you", "hint: use --force",
                    ], status: 1)
                try await shop.expect("laptop")
                #expect(plugin.isRunning)

                let stop = try shop.start(["stop", "web", "--force"], host: "laptop-2", environment: bob)
                let stopped = try await stop.finish(within: 20)
                #expect(stopped.status == 0, "\(stopped.error)")
                #expect(stopped.output.hasPrefix("service/web is free"))
                let result = try await plugin.finish(within: 20)
                #expect(result.status == 0)
                #expect(result.error.contains("stopped by bob on laptop-2: ending the intercept of service/web"))
                try await shop.expectRestored(before)
                try await local.stop()
            }
        }

        @Test("the holder's own stop, from another terminal, needs no --force")
        func stop() async throws {
            try await Shop.with(deployments: [Shop.deployment(replicas: 1)]) { shop in
                let local = try await LocalProcess.start(port: 3000)
                let before = try await shop.serviceText()
                let plugin = try await shop.intercept("--port", "3000")
                let stopped = try await shop.start(["stop", "web"]).finish(within: 20)
                #expect(stopped.status == 0, "\(stopped.error)")
                #expect(stopped.output.hasPrefix("service/web is free"))
                let result = try await plugin.finish(within: 20)
                #expect(result.status == 0)
                #expect(result.error.contains("stopped by admin on laptop"))
                try await shop.expectRestored(before)
                try await local.stop()
            }
        }

        @Test("a deleted Lease ends the session")
        func deletedLease() async throws {
            try await Shop.with(deployments: [Shop.deployment(replicas: 1)]) { shop in
                let local = try await LocalProcess.start(port: 3000)
                let before = try await shop.serviceText()
                let plugin = try await shop.intercept("--port", "3000")
                try await kubectl("-n", shop.namespace, "delete", "lease", "tunnel-web")
                try await plugin.finish(within: 20).expectOneError(
                    saying: ["error: the session has ended: lease/tunnel-web was deleted"], status: 1)
                try await shop.expectRestored(before)
                try await shop.expect("cluster")
                try await local.stop()
            }
        }

        @Test(
            "what a session cannot do without is deleted: it ends at once, and the Service was never without endpoint",
            arguments: [
                "service/kt-4b5e57f6eb-origin", "deployment/kt-4b5e57f6eb-proxy",
                "serviceaccount/kt-4b5e57f6eb-proxy",
            ])
        func deletedObject(name: String) async throws {
            try await Shop.with(deployments: [Shop.deployment(replicas: 1)]) { shop in
                let local = try await LocalProcess.start(port: 3000)
                let before = try await shop.serviceText()
                let plugin = try await shop.intercept("--port", "3000")
                let load = try Load.start(.connectionPerRequest, target: "\(try await shop.address()):80", rate: 50)
                try await load.expect("laptop")
                try await kubectl("-n", shop.namespace, "delete", name, "--wait=false")
                let result = try await plugin.finish(within: 20)
                #expect(result.status == 1)
                #expect(result.error.contains("error: the session has ended: \(name.prefix(6))"), "\(result.error)")
                #expect(result.error.contains("was deleted"))
                try await load.expect("cluster")
                #expect(try await load.finish().failed == 0, "\(load.failures)")
                try await shop.expectRestored(before)
                try await local.stop()
            }
        }

        @Test(
            "two Services at once, from one laptop or from two, do not disturb each other",
            arguments: [("laptop-1", "laptop-1"), ("laptop-1", "laptop-2")])
        func two(webHost: String, apiHost: String) async throws {
            let deployments = [
                Shop.deployment(replicas: 1),
                Shop.deployment(name: "api", labels: "app: api", who: "api-cluster", replicas: 1),
            ]
            try await Shop.with(deployments: deployments) { shop in
                try await shop.apply(
                    """
                    apiVersion: v1
                    kind: Service
                    metadata: {name: api}
                    spec: {selector: {app: api}, ports: [{port: 80, targetPort: 8080}]}
                    """)
                let local = (
                    web: try await LocalProcess.start(port: 3000),
                    api: try await LocalProcess.start(who: "api-laptop", port: 3001)
                )
                let before = (web: try await shop.serviceText(), api: try await shop.serviceText("api"))
                let web = try await shop.intercept("--port", "3000", host: webHost)
                let api = try await shop.intercept("--port", "3001", service: "api", host: apiHost)
                try await shop.expect("laptop")
                try await shop.expect("api-laptop", service: "api")
                let rows = try await shop.sessions()
                #expect(rows.map(\.service) == ["api", "web"])
                #expect(rows.map(\.host) == [apiHost, webHost])

                web.send(SIGINT)
                let result = try await web.finish(within: 20)
                #expect(result.status == 0)
                #expect(try await shop.serviceText() == before.web)
                try await shop.expect("cluster")
                try await shop.expect("api-laptop", service: "api")
                #expect(api.isRunning)
                try await shop.end(api, before: before.api, service: "api")
                try await local.web.stop()
                try await local.api.stop()
            }
        }
    }
}
