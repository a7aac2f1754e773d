import Foundation
import Testing

extension EndToEnd {
    @Suite struct UpTests {
        private func gateways(_ shop: Shop) async throws -> String { try await shop.leftovers() }

        @Test("status says what goes on, and down ends it")
        func statusAndDown() async throws {
            try await Shop.with { shop in
                let up = try await Up.start(shop)
                #expect(try await up.curl("http://web/").output.hasPrefix("who=cluster "))
                _ = try await up.curl("http://169.254.169.254/")
                let text = try await up.plugin("status").output
                #expect(text.contains("mode         proxy"))
                #expect(text.contains("namespace \(shop.namespace) of context local, up"), "\(text)")
                #expect(text.contains("0 open, 1 made, 1 failed"), "\(text)")
                #expect(text.contains("last error   169.254.169.254:80: the gateway does not connect"), "\(text)")
                let json = try await up.plugin("status", "-o", "json").output
                #expect(json.contains("\"proxyPort\":\(up.port)"), "\(json)")
                let down = try await up.plugin("down")
                #expect(down.output == "tunnel-dns is down in namespace \(shop.namespace) of context local\n")
                #expect(try await up.process.finish().status == 0)
                try await shop.expectNothingLeft()
                #expect(try await up.plugin("status").error.contains("tunnel-dns is not up"))
                #expect(try await up.plugin("env").status == 1)
            }
        }

        @Test("up --detach returns when it is up, and what it leaves behind answers")
        func detached() async throws {
            try await Shop.with { shop in
                let environment = try Up.laptop()
                let plugin = Lab.shared.namesPlugin
                let up = try await run([plugin, "up", "-n", shop.namespace, "--detach"], environment: environment)
                #expect(up.status == 0, "\(up.error)")
                #expect(up.error.contains("names of the cluster resolve and connect"), "\(up.error)")
                let script = "eval \"$(\(plugin) env)\" && curl -sS -m 10 http://web/"
                let answer = try await run(["sh", "-c", script], environment: environment)
                #expect(answer.output.hasPrefix("who=cluster "), "\(answer.everything)")
                #expect(try await run([plugin, "down"], environment: environment).status == 0)
                try await shop.expectNothingLeft()
            }
        }

        @Test("up --detach that fails says why, and leaves nothing")
        func detachedFailure() async throws {
            try await Shop.with { shop in
                let environment = try Up.laptop()
                let up = try await run(
                    [
                        Lab.shared.namesPlugin, "up", "-n", shop.namespace, "--detach", "--image",
                        "registry.invalid/x:1",
                    ],
                    environment: environment, within: 90)
                #expect(up.status == 1)
                #expect(up.error.contains("the gateway does not start: "), "\(up.error)")
                try await shop.expectNothingLeft()
            }
        }

        @Test("a laptop that is gone takes its gateway along, within its Lease and 5 s")
        func killed() async throws {
            try await Shop.with(isRestricted: true) { shop in
                let up = try await Up.start(shop, ["--lease-duration", "5"])
                up.process.send(SIGKILL)
                let begin = Date()
                try await shop.expectNothingLeft()
                let seconds = Date().timeIntervalSince(begin)
                #expect(seconds <= 10, "\(seconds) s")
            }
        }

        @Test("what a killed up has left is recovered by down, and by the next up", arguments: ["down", "up"])
        func recovered(by command: String) async throws {
            try await Shop.with { shop in
                let first = try await Up.start(shop, ["--lease-duration", "600"])
                first.process.send(SIGKILL)
                _ = try await first.process.finish()
                #expect(try await gateways(shop).contains("Deployment/"))
                if command == "down" {
                    let down = try await first.plugin("down")
                    #expect(down.error.contains("cleaned up what a session had left"), "\(down.error)")
                } else {
                    let second = try await Up.start(shop, environment: first.environment)
                    #expect(try await second.curl("http://web/").output.hasPrefix("who=cluster "))
                    try await eventually(within: 30, "one gateway: \(try await gateways(shop))") {
                        try await gateways(shop).components(separatedBy: "Deployment/").count == 2
                    }
                    #expect(try await second.plugin("down").status == 0)
                }
                try await shop.expectNothingLeft()
                let folder = first.environment["XDG_RUNTIME_DIR"] ?? ""
                #expect(try FileManager.default.contentsOfDirectory(atPath: folder + "/kubectl-tunnel-dns").isEmpty)
            }
        }

        @Test("a lost port-forward and a deleted pod are made up for")
        func reconnects() async throws {
            try await Shop.with { shop in
                try await Up.with(shop) { up in
                    let child = try #require(PortForwardChild(of: up.process.pid))
                    kill(child.process.pid, SIGKILL)
                    try await eventually(within: 30, "the tunnel is back: \(up.process.output)") {
                        up.process.output.contains("link-back")
                    }
                    #expect(try await up.curl("http://web/").output.hasPrefix("who=cluster "))
                    try await kubectl(
                        "-n", shop.namespace, "delete", "pods", "-l", "kubectl-tunnel/component=gateway", "--wait=false"
                    )
                    try await eventually(within: 60, "the next pod carries: \(up.process.output)") {
                        up.process.output.components(separatedBy: "link-back").count == 3
                    }
                    #expect(try await up.curl("http://web/").output.hasPrefix("who=cluster "))
                }
            }
        }

        @Test("a deleted Lease ends it, with a reason")
        func leaseDeleted() async throws {
            try await Shop.with { shop in
                let up = try await Up.start(shop)
                try await kubectl(
                    "-n", shop.namespace, "delete", "leases", "-l", "kubectl-tunnel/component=gateway-lease")
                let result = try await up.process.finish()
                #expect(result.status == 1)
                #expect(result.everything.contains("the gateway has ended: lease/tunnel-dns-"), "\(result.everything)")
                try await shop.expectNothingLeft()
            }
        }

        @Test("a developer who may make no Roles gets a gateway without rights, and is told")
        func withoutRoles() async throws {
            try await Shop.with(isRestricted: true) { shop in
                try await shop.applyRoles()
                try await Up.with(shop, user: "alice") { up in
                    let output = up.process.output
                    #expect(output.contains("you may not create Roles here"), "\(output)")
                    #expect(try await up.curl("http://web/").output.hasPrefix("who=cluster "))
                    let objects = try await gateways(shop)
                    #expect(!objects.contains("Role/") && objects.contains("Deployment/"), "\(objects)")
                }
            }
        }

        @Test("who may nothing is told what is missing, and nothing is touched")
        func withoutRights() async throws {
            try await Shop.with { shop in
                let up = try await run(
                    [Lab.shared.namesPlugin, "up", "-n", shop.namespace], environment: try Up.laptop(user: "carol"))
                #expect(up.status == 1)
                #expect(up.error.contains("you may not create deployments"), "\(up.error)")
                try await shop.expectNothingLeft()
            }
        }

        @Test("kubectl tunnel dns says what was meant")
        func didYouMean() async throws {
            let result = try await run([Lab.shared.plugin, "dns", "up"])
            #expect(result.status == 64)
            #expect(result.error.contains("did you mean `kubectl tunnel-dns`?"))
        }
    }
}
