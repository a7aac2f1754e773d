import Foundation
import Testing

extension EndToEnd {
    /// A plugin that joins a tunnel, or makes one that another joins, and dies after any of its writes.
    @Suite struct JoinCrashTests {
        private static let lease = 5

        private static func words(_ port: String) -> [String] {
            [
                "intercept", "web", "--port", port, "--yes", "--no-wait", "--timeout", "8", "--lease-duration",
                "\(Self.lease)",
            ]
        }

        private static func ready(_ plugin: Running, orOver isOver: () throws -> Bool = { false }) async throws {
            try await eventually(within: 60, "ready: \(plugin.error)") {
                try isOver() || !plugin.isRunning || plugin.error.contains("now comes to")
            }
        }

        /// A plugin that is to die after one of its writes.
        private struct Doomed {
            let plugin: Running
            private let hook: CrashHook
            private let namespace: String
            private let killedBefore: Int

            init(_ words: [String], host: String, after number: Int, _ shop: Shop, _ hook: CrashHook) throws {
                let writes = try hook.writes(in: shop.namespace)
                (self.hook, self.namespace, self.killedBefore) = (hook, shop.namespace, writes.count(where: \.killed))
                self.plugin = try shop.start(words + CrashHook.user, host: host)
                try hook.crash(
                    "plugin", after: writes.count { $0.actor == "plugin" } + number, pid: self.plugin.pid,
                    in: shop.namespace)
            }

            /// The write after which it died; `nil` while it has not.
            func write() throws -> String? {
                let killed = try self.hook.writes(in: self.namespace).filter(\.killed)
                return killed.count > self.killedBefore ? killed.last?.write : nil
            }
        }

        @Test("whatever the joiner had written, the other session does not notice, and the Lease is gone in time")
        func joiner() async throws {
            try await CrashHook.with { hook in
                try await Shop.with(service: SharedTests.service, deployments: [SharedTests.deployment]) { shop in
                    let local = try await LocalProcess.start(who: "alice", port: 3000)
                    let other = try await LocalProcess.start(who: "bob", port: 3001)
                    let before = try await shop.serviceText()
                    let alice = try await shop.intercept("--port", "3000:80", host: "alice-laptop")
                    let load = try Load.start(.connectionPerRequest, target: "\(try await shop.address()):80", rate: 50)
                    try await load.expect("alice")
                    try await hook.watch(shop.namespace)
                    var number = 0
                    while true {
                        number += 1
                        let doomed = try Doomed(
                            Self.words("3001:9090"), host: "bob-laptop", after: number, shop, hook)
                        let bob = doomed.plugin
                        try await Self.ready(bob) { try doomed.write() != nil }
                        bob.send(SIGINT)
                        try await eventually(within: 60, "over: \(bob.error)") { !bob.isRunning }
                        try await eventually(within: Double(Self.lease) + 10, "bob is out") {
                            try await shop.sessions().map(\.host) == ["alice-laptop"]
                        }
                        guard let write = try doomed.write() else { break }
                        tell("joiner \(number): \(write)")
                        #expect(alice.isRunning, "\(alice.error)")
                    }
                    #expect(number > 3)
                    let summary = try await load.finish()
                    #expect(summary.failed == 0, "\(load.failures.prefix(5))")
                    #expect(Set(summary.who.keys).isSubset(of: ["alice", "cluster"]))
                    try await shop.end(alice, before: before)
                    try await local.stop()
                    try await other.stop()
                }
            }
        }

        @Test("whatever the maker had written, one that wants to join gets there, at the latest by the next try")
        func maker() async throws {
            try await CrashHook.with { hook in
                try await Shop.with(service: SharedTests.service, deployments: [SharedTests.deployment]) { shop in
                    let local = try await LocalProcess.start(who: "bob", port: 3001)
                    let before = try await shop.serviceText()
                    try await shop.expect("cluster", port: 7070)
                    let load = try Load.start(
                        .connectionPerRequest, target: "\(try await shop.address()):7070", rate: 20)
                    try await load.expect("cluster")
                    try await hook.watch(shop.namespace)
                    var number = 0
                    while true {
                        number += 1
                        let doomed = try Doomed(
                            Self.words("3000:80"), host: "alice-laptop", after: number, shop, hook)
                        let alice = doomed.plugin
                        try await eventually(within: 60, "alice has begun: \(alice.error)") {
                            try doomed.write() != nil || alice.error.contains("lease (")
                        }
                        var bob = try shop.start(Self.words("3001:9090"), host: "bob-laptop")
                        try await Self.ready(bob)
                        alice.send(SIGINT)
                        try await eventually(within: 60, "alice is over: \(alice.error)") { !alice.isRunning }
                        let write = try doomed.write()
                        var tries = 1
                        while !bob.isRunning, tries < 3 {
                            tries += 1
                            bob = try shop.start(Self.words("3001:9090"), host: "bob-laptop")
                            try await Self.ready(bob)
                        }
                        tell("maker \(number): \(write ?? "no crash"), \(tries) tries")
                        #expect(tries <= 2, "\(number): \(write ?? ""): \(bob.error)")
                        try await shop.expect("bob", port: 9090)
                        bob.send(SIGINT)
                        #expect(try await bob.finish(within: 60).status == 0, "\(bob.error)")
                        try await eventually(within: 30, "nothing is left: \(try await shop.leftovers())") {
                            try await shop.leftovers().isEmpty
                        }
                        #expect(try await shop.serviceText() == before)
                        if write == nil { break }
                    }
                    #expect(number > 6)
                    let summary = try await load.finish()
                    #expect(summary.failed == 0, "\(load.failures.prefix(5))")
                    try await local.stop()
                }
            }
        }
    }
}
