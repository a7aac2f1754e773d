import Foundation
import Testing

extension EndToEnd {
    /// What needs two nodes: the proxy, the originals and the callers on different ones, and one of them lost.
    @Suite struct NodeTests {
        /// From the loss to the last connection that fails, in seconds.
        private static let bound = 3.0

        @Test(
            "the proxy's node is lost: within 3 s the originals answer, and the next proxy has the Service again",
            .enabled(if: Lab.isThorough))
        func proxyLost() async throws {
            try await Self.stage { shop, plugin, load, before in
                let pod = try await Self.proxies(shop, ".status.podIP")[0]
                let loss = monotonicSeconds()
                try await SecondNode.lose()
                try await load.expect("cluster", within: 15)
                try await SecondNode.forgetConnections(to: pod)
                #expect(try await shop.serviceText() == before)
                // The node is not Ready after 40 s, and its pod is evicted 20 s later.
                try await load.expect("laptop", within: 180)
                let failed = try load.unanswered
                let last = (failed.map(\.start).max() ?? loss) - loss
                tell("the last of \(failed.count) without an answer began \(last) s after the loss")
                let seconds = Dictionary(grouping: failed) { Int($0.start - loss) }.mapValues(\.count)
                #expect(!failed.isEmpty && last <= Self.bound, "\(seconds.sorted { $0.key < $1.key }) \(plugin.error)")
                try await SecondNode.find()
                try await eventually(within: 60, "the dead pod is gone") { try await Self.proxies(shop).count == 1 }
                #expect(try await Self.proxies(shop) == ["node1"])
                try await load.expect("laptop")
                #expect(plugin.isRunning)
            }
        }

        @Test(
            "laptop and proxy's node are lost together: a controller restores within the Lease",
            .enabled(if: Lab.isThorough))
        func bothLost() async throws {
            try await Self.stage(isControlled: true) { shop, plugin, load, before in
                let pod = try await Self.proxies(shop, ".status.podIP")[0]
                let loss = monotonicSeconds()
                try await SecondNode.lose()
                plugin.send(SIGKILL)
                try await load.expect("cluster", within: 60)
                try await SecondNode.forgetConnections(to: pod)
                let last = (try load.unanswered.map(\.start).max() ?? loss) - loss
                tell("the last without an answer began \(last) s after the loss")
                #expect(last <= 5 + 5)
                #expect(try await shop.serviceText() == before)
                try await SecondNode.find()
                try await shop.expectRestored(before)
            }
        }

        @Test("the originals' node is lost: the laptop goes on", .enabled(if: Lab.isThorough))
        func originalsLost() async throws {
            try await SecondNode.with {
                try await SecondNode.onlyHere {
                    try await Shop.with(deployments: [Shop.deployment(replicas: 1)]) { shop in
                        try await kubectl("uncordon", "node1")
                        try await kubectl("cordon", "node2")
                        let local = try await LocalProcess.start(port: 3000)
                        let before = try await shop.serviceText()
                        let plugin = try await shop.intercept("--port", "3000")
                        let load = try Load.start(
                            .connectionPerRequest, target: "\(try await shop.address()):80", rate: 50)
                        try await load.expect("laptop")
                        try await SecondNode.lose()
                        let count = load.count
                        try await eventually(within: 30, "ten seconds of requests") { load.count > count + 500 }
                        try await SecondNode.find()
                        try await load.expect("laptop")
                        #expect(try load.unanswered.isEmpty)
                        _ = try await load.finish()
                        try await shop.end(plugin, before: before)
                        try await local.stop()
                    }
                }
            }
        }

        @Test(
            "the proxy's node is drained: no new connection fails, and the next proxy is elsewhere",
            .enabled(if: Lab.isThorough))
        func drained() async throws {
            try await Self.stage { shop, plugin, load, before in
                let pool = try Load.start(.keepAlivePool, target: "\(try await shop.address()):80", rate: 20)
                try await pool.expect("laptop")
                try await kubectl(
                    "drain", "node2", "--pod-selector=kubectl-tunnel/component=proxy", "--ignore-daemonsets", "--force",
                    "--timeout=90s")
                try await eventually(within: 60, "a proxy elsewhere") { try await Self.proxies(shop) == ["node1"] }
                try await load.expect("laptop", within: 60)
                #expect(try load.unanswered.isEmpty, "\(load.failures)")
                let summary = try await pool.finish()
                tell("of \(summary.count) requests of the pool \(summary.failed) failed")
                #expect(plugin.isRunning)
            }
        }

        /// The originals on the first node, the proxy on the second, 100 new connections a second.
        private static func stage(
            isControlled: Bool = false, _ body: (Shop, Running, Load, String) async throws -> Void
        ) async throws {
            try await Shop.with(deployments: [Shop.deployment(replicas: 1)]) { shop in
                if isControlled { try await shop.installController() }
                try await SecondNode.with {
                    let local = try await LocalProcess.start(port: 3000)
                    let before = try await shop.serviceText()
                    let plugin = try await SecondNode.onlyHere {
                        try await shop.intercept(
                            "--port", "3000", "--lease-duration", isControlled ? "5" : "30",
                            user: isControlled ? "alice" : "admin")
                    }
                    #expect(try await Self.proxies(shop) == ["node2"])
                    let load = try Load.start(
                        .connectionPerRequest, target: "\(try await shop.address()):80", rate: 100)
                    try await load.expect("laptop")
                    try await body(shop, plugin, load, before)
                    if plugin.isRunning { try await shop.end(plugin, before: before) }
                    _ = try await load.finish()
                    try await local.stop()
                }
            }
        }

        /// What is at a path of each of its proxies.
        private static func proxies(_ shop: Shop, _ path: String = ".spec.nodeName") async throws -> [String] {
            try await kubectl(
                "-n", shop.namespace, "get", "pods", "-l", "kubectl-tunnel/component=proxy", "-o",
                "jsonpath={range .items[*]}{\(path)}{\"\\n\"}{end}"
            ).split(separator: "\n").map(String.init)
        }
    }
}
