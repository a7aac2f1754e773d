import Foundation
import Testing

extension EndToEnd {
    /// People who are not administrators.
    @Suite struct RightsTests {
        @Test(
            "with the Role of install --user-role a developer intercepts, lists, ends with Ctrl-C, and a colleague stops"
        )
        func developer() async throws {
            try await Shop.with(deployments: [Shop.deployment(replicas: 1)]) { shop in
                try await shop.applyRoles()
                let local = try await LocalProcess.start(port: 3000)
                let before = try await shop.serviceText()
                let plugin = try await shop.intercept("--port", "3000", user: "alice")
                try await shop.expect("laptop")
                #expect(try await shop.list("-o", "name", user: "alice") == "service/web\n")
                #expect(try await shop.list("-o", "name", user: "bob") == "service/web\n")
                try await shop.end(plugin, before: before)
                try await shop.expect("cluster")

                let second = try await shop.intercept("--port", "3000", user: "alice")
                let stop = try await shop.start(["stop", "web", "--force"], user: "bob").finish(within: 20)
                #expect(stop.status == 0, "\(stop.error)")
                let result = try await second.finish(within: 20)
                #expect(result.status == 0)
                #expect(result.error.contains("stopped by bob on laptop"))
                try await shop.expectRestored(before)
                try await local.stop()
            }
        }

        @Test("with the Role of install --user-role the installed account restores after kill -9, and stays")
        func killed() async throws {
            try await Shop.with(deployments: [Shop.deployment(replicas: 1)]) { shop in
                try await shop.applyRoles()
                let local = try await LocalProcess.start(port: 3000)
                let before = try await shop.serviceText()
                let plugin = try await shop.intercept("--port", "3000", "--lease-duration", "5", user: "alice")
                try await shop.expect("laptop")
                #expect(
                    try await kubectl(
                        "-n", shop.namespace, "get", "pods", "-l", "kubectl-tunnel/component=proxy", "-o",
                        "jsonpath={.items[*].spec.serviceAccountName}") == "kubectl-tunnel-proxy")
                plugin.send(SIGKILL)
                try await eventually(within: 10, "restored within lease + 5 s") {
                    try await shop.serviceText() == before
                }
                try await shop.expectRestored(before)
                try await shop.expect("cluster")
                try await kubectl("-n", shop.namespace, "get", "serviceaccount", "kubectl-tunnel-proxy")
                try await local.stop()
            }
        }

        @Test(
            "install for some Services: theirs are restored after kill -9, of others it says who could not; remove takes it away"
        )
        func install() async throws {
            try await Shop.with(deployments: [Shop.deployment(replicas: 1)]) { shop in
                try await shop.bind("edit", to: "alice", leases: "get,list,watch,create,patch,delete")
                let printed = try await shop.install("--services", "other,web", "--dry-run")
                #expect(printed.contains("kind: Role\n") && printed.contains("tunnel-web"))
                try await shop.expectNothingLeft()

                try await shop.install("--services", "other")
                try await shop.expectRefusal(
                    ["intercept", "web", "--port", "3000", "--no-wait"],
                    saying: ["error: nobody in the cluster could restore service/web", "--services web"],
                    user: "alice")
                let changed = try await shop.install("--services", "web")
                #expect(changed.contains("rolebinding/kubectl-tunnel-proxy configured"), "\(changed)")
                #expect(changed.hasSuffix("Services that may be restored in namespace \(shop.namespace): other, web\n"))
                let local = try await LocalProcess.start(port: 3000)
                let before = try await shop.serviceText()
                let plugin = try await shop.intercept("--port", "3000", "--lease-duration", "5", user: "alice")
                try await shop.expect("laptop")
                try await shop.start(["install", "--remove"]).finish(within: 20).expectOneError(
                    saying: ["error: service/web is intercepted", "kubectl tunnel stop web --force"], status: 1)
                plugin.send(SIGKILL)
                try await eventually(within: 10, "restored within lease + 5 s") {
                    try await shop.serviceText() == before
                }
                try await shop.expectRestored(before)
                // The account is limited to the Services that were named.
                let account = "--as=system:serviceaccount:\(shop.namespace):kubectl-tunnel-proxy"
                for (name, isAllowed) in [("web", true), ("another", false)] {
                    let words = [Lab.shared.kubectl, "-n", shop.namespace, account, "auth", "can-i", "patch"]
                    #expect(try await run(words + ["service/\(name)"]).status == (isAllowed ? 0 : 1))
                }
                let rest = try await shop.install("--remove", "--services", "other")
                #expect(rest.hasSuffix("\(shop.namespace): web\n"), "\(rest)")
                #expect(try await shop.install("--remove").contains("serviceaccount/kubectl-tunnel-proxy deleted"))
                #expect(try await shop.install("--remove") == "nothing is installed in namespace \(shop.namespace)\n")
                try await local.stop()
            }
        }

        @Test("without any Role a developer is refused in one line")
        func nothing() async throws {
            try await Shop.with(deployments: []) { shop in
                try await shop.expectRefusal(
                    ["intercept", "web", "--port", "3000", "--no-wait"],
                    saying: ["error: cannot read service/web in namespace \(shop.namespace)", "hint: ask an admin"],
                    user: "alice")
            }
        }

        @Test("another client who may only read is told what is missing")
        func readOnly() async throws {
            try await Shop.with(deployments: []) { shop in
                try await shop.bind("view", to: "alice", leases: "get,list,watch")
                try await shop.expectRefusal(
                    ["intercept", "web", "--port", "3000", "--no-wait"],
                    saying: [
                        "error: you may not patch services, create services, delete services and ",
                        "in namespace \(shop.namespace)",
                        "hint: ask an admin for the Role of `kubectl tunnel install -n \(shop.namespace) --user-role`",
                    ], user: "alice")
            }
        }

        @Test("the built-in role edit without the account: refused with the hint, and --no-failsafe goes on")
        func edit() async throws {
            try await Shop.with(deployments: [Shop.deployment(replicas: 1)]) { shop in
                try await shop.bind("edit", to: "alice", leases: "get,list,watch,create,patch,delete")
                let local = try await LocalProcess.start(port: 3000)
                let before = try await shop.serviceText()
                try await shop.expectRefusal(
                    ["intercept", "web", "--port", "3000"],
                    saying: [
                        "error: nobody in the cluster could restore service/web if this machine disappeared",
                        "hint: ask an admin for `kubectl tunnel install -n \(shop.namespace) --services web`, or use "
                            + "--no-failsafe",
                    ], user: "alice")
                let plugin = try await shop.intercept("--port", "3000", "--no-failsafe", user: "alice")
                try await shop.expect("laptop")
                try await shop.end(plugin, before: before)
                try await shop.expect("cluster")
                try await local.stop()
            }
        }
    }
}
