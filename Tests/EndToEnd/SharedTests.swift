import Foundation
import Testing

extension EndToEnd {
    /// Several laptops on one Service, each with a port of it.
    @Suite struct SharedTests {
        static let service = PortTests.service(
            "[{name: http, port: 80, targetPort: 8080}, {name: metrics, port: 9090}, {name: admin, port: 7070}]")
        static let deployment = Shop.deployment(labels: "app: web", ports: "8080,9090,7070", replicas: 1)

        /// Alice's laptop has port 80, bob's 9090, and the originals 7070.
        private struct Stage {
            let shop: Shop
            let before: String
            let alice: Running
            let bob: Running
            /// One for each port, and one more for the first.
            let loads: [Load]
            private let locals: [LocalProcess]

            static let ports = [80, 9090, 7070]

            init(_ shop: Shop, user: String = "admin", words: [String] = []) async throws {
                self.shop = shop
                self.locals = [
                    try await LocalProcess.start(who: "alice", port: 3000),
                    try await LocalProcess.start(who: "bob", port: 3001),
                ]
                self.before = try await shop.serviceText()
                let address = try await shop.address()
                for port in Self.ports { try await shop.expect("cluster", port: port) }
                var loads = try Self.ports.map {
                    try Load.start(.connectionPerRequest, target: "\(address):\($0)", rate: 30)
                }
                self.alice = try await Self.intercept(shop, "alice", "3000:80", user, words)
                try await loads[0].expect("alice")
                // Connections that are kept open, and are at alice's from the start.
                loads.append(try Load.start(.keepAlivePool, target: "\(address):80", rate: 50))
                self.loads = loads
                try await loads[3].expect("alice")
                self.bob = try await Self.intercept(shop, "bob", "3001:9090", user, words)
                try await self.loads[1].expect("bob")
                try await self.loads[0].expect("alice")
                try await self.loads[2].expect("cluster")
            }

            /// The kinds of the objects that a third session would create.
            func dryRun() async throws -> [Substring] {
                let plugin = try self.shop.start(["intercept", "web", "--port", "3002:7070", "--dry-run"])
                let result = try await plugin.finish(within: 20)
                let names = try await kubectl(
                    "-n", self.shop.namespace, "apply", "--dry-run=client", "--validate=false", "-o", "name",
                    input: result.output)
                return names.split(separator: "\n")
            }

            static func intercept(
                _ shop: Shop, _ name: String, _ port: String, _ user: String, _ words: [String]
            ) async throws -> Running {
                let plugin = try shop.start(
                    ["intercept", "web", "--port", port] + words, user: user, host: "\(name)-laptop",
                    environment: ["USER": name])
                try await eventually(within: 60, "\(name) has \(port): \(plugin.error)") {
                    guard plugin.isRunning else { throw Missed(description: "plugin ended: \(plugin.error)") }
                    return plugin.error.contains("now comes to")
                }
                return plugin
            }

            /// The proxy's pods, by uid.
            func pods() async throws -> String {
                try await kubectl(
                    "-n", self.shop.namespace, "get", "pods", "-l", "kubectl-tunnel/component=proxy", "-o",
                    "jsonpath={.items[*].metadata.uid}")
            }

            /// Ends the clients, and checks that none of their requests failed.
            func finish() async throws {
                for load in self.loads {
                    let summary = try await load.finish()
                    #expect(summary.failed == 0, "\(load.mode): \(load.failures)")
                }
                for local in self.locals { try await local.stop() }
            }
        }

        fileprivate enum Leaver: String, CaseIterable, Sendable {
            case maker
            case joiner
        }

        @Test(
            "who leaves changes nothing for the other, be it the one that made the tunnel", arguments: Leaver.allCases)
        fileprivate func leave(leaver: Leaver) async throws {
            try await Shop.with(service: Self.service, deployments: [Self.deployment]) { shop in
                let stage = try await Stage(shop)
                #expect(stage.bob.error.contains("joined the tunnel of alice on alice-laptop"), "\(stage.bob.error)")
                let rows = try await shop.sessions()
                #expect(rows.map(\.ports) == ["80:3000", "9090:3001"])
                #expect(rows.map(\.state) == ["active", "active"])
                let pods = try await stage.pods()
                if leaver == .maker { try await self.expectFigures(shop) }
                let (first, second) = leaver == .maker ? (stage.alice, stage.bob) : (stage.bob, stage.alice)
                let (left, right) =
                    leaver == .maker ? (stage.loads[0], stage.loads[1]) : (stage.loads[1], stage.loads[0])
                first.send(SIGINT)
                let result = try await first.finish(within: 20)
                #expect(result.status == 0, "\(result.error)")
                #expect(result.error.contains("others have the tunnel"), "\(result.error)")
                try await left.expect("cluster")
                try await right.expect(leaver == .maker ? "bob" : "alice")
                #expect(try await stage.pods() == pods)
                #expect(try await shop.sessions().count == 1)
                try await shop.end(second, before: stage.before)
                try await right.expect("cluster")
                try await stage.finish()
            }
        }

        /// What came to whom can be seen: by Prometheus, and in the list.
        private func expectFigures(_ shop: Shop) async throws {
            let name = try await kubectl(
                "-n", shop.namespace, "get", "pods", "-l", "kubectl-tunnel/component=proxy", "-o",
                "jsonpath={.items[0].metadata.name}:{.items[0].metadata.annotations.prometheus\\.io/port}")
            let text = try await kubectl(
                "get", "--raw", "/api/v1/namespaces/\(shop.namespace)/pods/\(name)/proxy/metrics")
            #expect(text.contains("kubectl_tunnel_sessions{kind=\"whole\"} 2\n"), "\(text)")
            #expect(text.contains("kubectl_tunnel_links 2\n"), "\(text)")
            #expect(!text.contains("passed_through_total{reason=\"not_intercepted\"} 0\n"), "\(text)")
            try await eventually(within: 20, "connections of both in the list") {
                try await shop.sessions().allSatisfy { $0.connections ?? 0 > 0 }
            }
            #expect(try await shop.list("-o", "wide").contains("CONNECTIONS"))
        }

        @Test("a laptop that is killed is out of the tunnel after its lease, and the other does not notice")
        func killed() async throws {
            try await Shop.with(service: Self.service, deployments: [Self.deployment]) { shop in
                let stage = try await Stage(shop, words: ["--lease-duration", "5"])
                stage.alice.send(SIGKILL)
                try await stage.loads[0].expect("cluster")
                try await eventually(within: 10, "alice is out") { try await shop.sessions().map(\.user) == ["bob"] }
                try await stage.loads[1].expect("bob")
                // The last one's end is the tunnel's, also by the proxy.
                stage.bob.send(SIGKILL)
                try await eventually(within: 15, "restored") { try await shop.serviceText() == stage.before }
                try await shop.expectRestored(stage.before)
                // What was in flight at a laptop that is killed is lost.
                for load in stage.loads where load.log != stage.loads[2].log { _ = try await load.finish() }
                #expect(try await stage.loads[2].finish().failed == 0, "\(stage.loads[2].failures)")
            }
        }

        @Test("a proxy pod that is replaced is joined again by both, and no request fails")
        func podDeleted() async throws {
            try await Shop.with(service: Self.service, deployments: [Self.deployment]) { shop in
                let stage = try await Stage(shop)
                let pods = try await stage.pods()
                try await kubectl(
                    "-n", shop.namespace, "delete", "pods", "-l", "kubectl-tunnel/component=proxy", "--wait=false")
                try await stage.loads[0].expect("cluster")
                try await eventually(within: 60, "both are back") {
                    stage.alice.error.contains("tunnel is back") && stage.bob.error.contains("tunnel is back")
                }
                try await stage.loads[0].expect("alice")
                try await stage.loads[1].expect("bob")
                #expect(try await stage.pods() != pods)
                stage.bob.send(SIGINT)
                #expect(try await stage.bob.finish(within: 20).status == 0)
                try await shop.end(stage.alice, before: stage.before)
                try await stage.finish()
            }
        }

        @Test("a port has one session: the second is told who has it, and takes it over without a new tunnel")
        func samePort() async throws {
            try await Shop.with(service: Self.service, deployments: [Self.deployment]) { shop in
                let stage = try await Stage(shop)
                let pods = try await stage.pods()
                let refused = try await shop.start(
                    ["intercept", "web", "--port", "3001:80", "--no-wait"], host: "carol-laptop",
                    environment: ["USER": "carol"]
                ).finish(within: 20)
                refused.expectOneError(
                    saying: ["error: service/web is intercepted by alice on alice-laptop", "--take-over"], status: 1)
                let local = try await LocalProcess.start(who: "carol", port: 3002)
                let carol = try await Stage.intercept(shop, "carol", "3002:80", "admin", ["--take-over"])
                try await stage.alice.finish(within: 20).expectOneError(
                    saying: ["error: carol on carol-laptop has taken service/web over"], status: 1)
                try await stage.loads[0].expect("carol")
                try await stage.loads[1].expect("bob")
                #expect(try await stage.pods() == pods)
                #expect(try await shop.events().contains("TunnelTakenOver"))
                // A stop is for one's own; by force it is for all.
                let stop = try await shop.start(["stop", "web"], host: "bob-laptop", environment: ["USER": "bob"])
                    .finish(within: 20)
                #expect(stop.output.contains("your session of service/web has ended"), "\(stop)")
                #expect(stop.output.contains("carol on carol-laptop has it, too"), "\(stop)")
                #expect(try await stage.bob.finish(within: 20).status == 0)
                try await stage.loads[0].expect("carol")
                try await shop.end(carol, before: stage.before)
                try await stage.finish()
                try await local.stop()
            }
        }

        @Test("two that leave at once leave nothing behind")
        func bothAtOnce() async throws {
            try await Shop.with(service: Self.service, deployments: [Self.deployment]) { shop in
                let stage = try await Stage(shop)
                #expect(try await stage.dryRun() == ["lease.coordination.k8s.io/tunnel-web.2"])
                stage.alice.send(SIGINT)
                stage.bob.send(SIGINT)
                for plugin in [stage.alice, stage.bob] {
                    let result = try await plugin.finish(within: 60)
                    #expect(result.status == 0, "\(result.error)")
                }
                try await shop.expectRestored(stage.before)
                try await stage.finish()
            }
        }

        @Test("by a controller, too")
        func controlled() async throws {
            try await Shop.with(service: Self.service, deployments: [Self.deployment]) { shop in
                try await shop.installController()
                let stage = try await Stage(shop, user: "alice")
                #expect(stage.bob.error.contains("joined the tunnel of alice on alice-laptop"), "\(stage.bob.error)")
                stage.alice.send(SIGINT)
                let result = try await stage.alice.finish(within: 30)
                #expect(result.status == 0, "\(result.error)")
                try await stage.loads[0].expect("cluster")
                try await stage.loads[1].expect("bob")
                try await shop.end(stage.bob, before: stage.before)
                try await stage.finish()
            }
        }
    }
}
