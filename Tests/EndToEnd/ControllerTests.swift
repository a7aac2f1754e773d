import Foundation
import Testing

extension EndToEnd {
    /// People who may not patch Services, and the controller that does it for them.
    @Suite struct ControllerTests {
        @Test(
            "a developer with the controller's Role intercepts and ends: no request fails, and the Service is as before"
        )
        func developer() async throws {
            try await Shop.withController { shop in
                let local = try await LocalProcess.start(port: 3000)
                let before = try await shop.serviceText()
                let load = try Load.start(.connectionPerRequest, target: "\(try await shop.address()):80", rate: 50)
                try await load.expect("cluster")
                let plugin = try await shop.intercept("--port", "3000", user: "alice")
                #expect(plugin.error.contains("does for you what you may not"), "\(plugin.error)")
                try await load.expect("laptop")
                #expect(try await shop.list("-o", "name", user: "alice") == "service/web\n")
                #expect(try await shop.events().contains("TunnelIntercepted"))
                try await shop.end(plugin, before: before)
                try await load.expect("cluster")
                #expect(try await load.finish().failed == 0, "\(load.failures)")
                try await local.stop()
            }
        }

        @Test("the proxy restores after kill -9; what it could not take away, as it was gone, the controller does")
        func killed() async throws {
            try await Shop.withController { shop in
                let local = try await LocalProcess.start(port: 3000)
                let before = try await shop.serviceText()
                let first = try await shop.intercept("--port", "3000", "--lease-duration", "5", user: "alice")
                first.send(SIGKILL)
                try await eventually(within: 10, "restored within lease + 5 s") {
                    try await shop.serviceText() == before
                }
                try await shop.expectRestored(before)

                let second = try await shop.intercept("--port", "3000", "--lease-duration", "5", user: "alice")
                try await shop.expect("laptop")
                second.send(SIGKILL)
                let proxy = try await kubectl(
                    "-n", shop.namespace, "get", "deployments", "-l", "kubectl-tunnel/component=proxy", "-o", "name")
                try await kubectl(
                    "-n", shop.namespace, "scale", proxy.trimmingCharacters(in: .whitespacesAndNewlines), "--replicas=0"
                )
                try await eventually(within: 10, "restored within lease + 5 s") {
                    try await shop.serviceText() == before
                }
                try await shop.expectRestored(before)
                try await shop.expect("cluster")
                try await local.stop()
            }
        }

        @Test("a session whose controller is gone goes on, and its proxy ends it")
        func withoutController() async throws {
            try await Shop.withController { shop in
                let local = try await LocalProcess.start(port: 3000)
                let before = try await shop.serviceText()
                let plugin = try await shop.intercept("--port", "3000", user: "alice")
                let load = try Load.start(.connectionPerRequest, target: "\(try await shop.address()):80", rate: 50)
                try await load.expect("laptop")
                try await shop.deleteController()
                plugin.send(SIGINT)
                let result = try await plugin.finish(within: 90)
                #expect(result.status == 0, "\(result.error)")
                #expect(result.error.contains("the proxy ends the session"), "\(result.error)")
                try await load.expect("cluster")
                #expect(try await load.finish().failed == 0, "\(load.failures)")
                try await shop.expectRestored(before)
                try await shop.expectRefusal(
                    ["intercept", "web", "--port", "3000"], saying: ["error: you may not patch services"], user: "alice"
                )
                try await local.stop()
            }
        }

        @Test("a deleted proxy pod: the controller switches to the next, and a controller that restarts goes on")
        func moved() async throws {
            try await Shop.withController { shop in
                let local = try await LocalProcess.start(port: 3000)
                let before = try await shop.serviceText()
                let plugin = try await shop.intercept("--port", "3000", user: "alice")
                try await kubectl(
                    "-n", shop.namespace, "delete", "pods", "-l",
                    "kubectl-tunnel/component in (controller, proxy)", "--wait=false")
                try await eventually(within: 40, "back: \(plugin.error)") {
                    plugin.error.contains("tunnel is back")
                }
                try await shop.expect("laptop")
                try await shop.end(plugin, before: before)
                try await local.stop()
            }
        }

        @Test("a Service that the admin has not named is refused in one line, and so is what would take more rights")
        func refused() async throws {
            try await Shop.withController(services: ["--services", "other"]) { shop in
                try await shop.expectRefusal(
                    ["intercept", "web", "--port", "3000", "--no-wait"],
                    saying: [
                        "error: service/web is not among those that may be intercepted in namespace ", "--services",
                    ], user: "alice")
                try await shop.expectRefusal(
                    ["intercept", "web", "--port", "3000", "--no-wait", "--network-policy"],
                    saying: ["makes no NetworkPolicy", "hint: ask an admin"], user: "alice")
            }
        }

        @Test(
            "orders that no plugin gives do not make a Service lead nowhere, and a Lease without a plugin is cleaned up"
        )
        func hostile() async throws {
            try await Shop.withController { shop in
                // Another Service of the same session, with a proxy that is ready.
                try await shop.makeBystander()
                let local = try await LocalProcess.start(port: 3000)
                let plugin = try await shop.intercept("--port", "3000", service: Shop.bystander)
                let session = try await kubectl(
                    "-n", shop.namespace, "get", "lease", "tunnel-bystander", "-o",
                    "jsonpath={.metadata.labels.kubectl-tunnel/session}")
                let before = try await shop.serviceText()
                let uid = try await kubectl(
                    "-n", shop.namespace, "get", "service", "web", "-o", "jsonpath={.metadata.uid}")
                try await kubectl(
                    "-n", shop.namespace, "--as=alice", "--as-group=developers", "create",
                    input: """
                        apiVersion: coordination.k8s.io/v1
                        kind: Lease
                        metadata:
                          name: tunnel-web
                          labels:
                            {kubectl-tunnel/component: lease, kubectl-tunnel/service: web, kubectl-tunnel/session: \(session)}
                          annotations:
                            kubectl-tunnel/version: "5"
                            kubectl-tunnel/ports: "80:3000"
                            kubectl-tunnel/service-uid: \(uid)
                            kubectl-tunnel/public-key: \(String(repeating: "5a", count: 32))
                        spec: {holderIdentity: alice/laptop/\(session), leaseDurationSeconds: 10}
                        """)
                func order(_ number: Int, _ write: String) async throws -> String {
                    let order = "{\"number\":\(number),\"write\":{\(write)}}"
                    try await kubectl(
                        "-n", shop.namespace, "--as=alice", "--as-group=developers", "annotate", "lease", "tunnel-web",
                        "--overwrite", "kubectl-tunnel/order=\(order)")
                    var answer = ""
                    try await eventually(within: 5, "an answer to \(order)") {
                        answer = try await kubectl(
                            "-n", shop.namespace, "get", "lease", "tunnel-web", "-o",
                            "jsonpath={.metadata.annotations.kubectl-tunnel/answer}")
                        return answer.contains("\"number\":\(number)")
                    }
                    return answer
                }
                #expect(try await order(1, "\"createHelpers\":{}") == "{\"number\":1}")
                let refusal = try await order(2, "\"switchService\":{\"publishNotReady\":true}")
                #expect(refusal.contains("no proxy of service/web is ready"), "\(refusal)")
                let origins = try await kubectl(
                    "-n", shop.namespace, "get", "services", "-o", "name", "-l",
                    "kubectl-tunnel/component=origin,kubectl-tunnel/service=web")
                let origin = origins.trimmingCharacters(in: .whitespacesAndNewlines)
                try await kubectl("-n", shop.namespace, "delete", origin)
                let address = "\"bringOriginBack\":{\"address\":\"10.96.77.77\"}"
                let unknown = try await order(3, address)
                #expect(unknown.contains("cannot read deployment/kt-"), "\(unknown)")
                #expect(try await shop.serviceText() == before)
                try await eventually(within: 40, "the Lease is gone") {
                    try await !shop.leftovers().contains("Lease/tunnel-web")
                }
                #expect(try await shop.serviceText() == before)
                plugin.send(SIGINT)
                #expect(try await plugin.finish(within: 60).status == 0)
                try await shop.expectRestored(before)
                try await local.stop()
            }
        }

        @Test("a colleague takes over, and stops; doctor says who does what; install --remove takes all of it away")
        func colleagues() async throws {
            try await Shop.withController { shop in
                let (first, second) = try await (
                    LocalProcess.start(who: "alice", port: 3000), LocalProcess.start(who: "bob", port: 3001)
                )
                let before = try await shop.serviceText()
                let alice = try await shop.intercept("--port", "3000", user: "alice")
                let bob = try await shop.intercept(
                    "--port", "3001", "--take-over", user: "bob", host: "desk", environment: ["USER": "bob"])
                try await alice.finish(within: 20).expectOneError(
                    saying: ["error: bob on desk has taken service/web over"], status: 1)
                try await shop.expect("bob")
                let doctor = try await shop.start(["doctor", "web"], user: "alice").finish(within: 30)
                #expect(doctor.output.contains("an intercept by the controller takes"), "\(doctor.everything)")
                let stop = try await shop.start(["stop", "web", "--force"], user: "alice").finish(within: 20)
                #expect(stop.status == 0, "\(stop.error)")
                #expect(try await bob.finish(within: 20).status == 0)
                try await shop.expectRestored(before)
                let removed = try await shop.install("--remove")
                #expect(removed.split(separator: "\n").count == 8, "\(removed)")
                try await first.stop()
                try await second.stop()
            }
        }
    }
}
