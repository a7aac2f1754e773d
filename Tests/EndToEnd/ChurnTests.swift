import Foundation
import Testing

extension EndToEnd {
    /// Many laptops that come and go at one Service, each with a port of its own.
    @Suite struct ChurnTests {
        private static let environment = ProcessInfo.processInfo.environment
        private static let isThorough = Self.environment["THOROUGH"] != nil
        /// How many laptops, and for how many seconds.
        private static let (laptops, seconds): (Int, Double) = Self.isThorough ? (50, 300) : (6, 25)
        private static let first = 8000

        /// One laptop's life: it joins, works for a while, and leaves, again and again.
        private static func live(_ number: Int, _ shop: Shop, until end: Date) async throws -> Int {
            let (user, port) = ("user\(number)", Self.first + number)
            var count = 0
            while Date() < end {
                let plugin = try shop.start(
                    ["intercept", "web", "--port", "\(port):\(port)", "--yes", "--no-wait", "--timeout", "60"],
                    host: "\(user)-laptop", environment: ["USER": user])
                try await eventually(within: 90, "\(user) has its port: \(plugin.error)") {
                    guard plugin.isRunning else { throw Missed(description: "plugin ended: \(plugin.error)") }
                    return plugin.error.contains("now comes to")
                }
                try await shop.expect(user, within: 30, port: port)
                for _ in 0..<Int.random(in: 0...20) {
                    #expect([user, "cluster"].contains(try await shop.who(port: port)))
                }
                plugin.send(SIGINT)
                let result = try await plugin.finish(within: 60)
                #expect(result.status == 0, "\(user): \(result.error)")
                count += 1
            }
            return count
        }

        @Test(
            "laptops come and go at random: no request fails, none comes to a wrong laptop, and nothing is left",
            .timeLimit(.minutes(15)))
        func comeAndGo() async throws {
            let numbers = Array(0..<Self.laptops)
            let ports = numbers.map { Self.first + $0 }
            let service = PortTests.service(
                "[" + ports.map { "{name: p\($0), port: \($0)}" }.joined(separator: ", ") + "]")
            let deployment = Shop.deployment(
                labels: "app: web", ports: ports.map(String.init).joined(separator: ","), replicas: 1)
            try await Shop.with(service: service, deployments: [deployment]) { shop in
                var locals: [LocalProcess] = []
                for number in numbers {
                    locals.append(try await LocalProcess.start(who: "user\(number)", port: Self.first + number))
                }
                let before = try await shop.serviceText()
                for port in ports.prefix(6) { try await shop.expect("cluster", port: port) }
                let address = try await shop.address()
                let rate = 200 / Double(min(ports.count, 10)) / 2
                let loads = try ports.prefix(10).enumerated().map { index, port in
                    (
                        number: index,
                        load: try Load.start(
                            index.isMultiple(of: 3) ? .keepAlivePool : .connectionPerRequest,
                            target: "\(address):\(port)", rate: rate)
                    )
                }
                let end = Date().addingTimeInterval(Self.seconds)
                let count = try await withThrowingTaskGroup(of: Int.self) { group in
                    for number in numbers { group.addTask { try await Self.live(number, shop, until: end) } }
                    return try await group.reduce(0, +)
                }
                tell("\(Self.laptops) laptops, \(count) sessions in \(Self.seconds) s")
                #expect(count >= Self.laptops)
                try await shop.expectRestored(before)
                for (number, load) in loads {
                    let summary = try await load.finish()
                    #expect(summary.failed == 0, "\(load.mode): \(load.failures.prefix(5))")
                    let strangers = Set(summary.who.keys).subtracting(["cluster", "user\(number)"])
                    #expect(strangers.isEmpty, "\(summary.who)")
                    #expect(load.mode != .connectionPerRequest || summary.who["user\(number)"] != nil)
                }
                for local in locals { try await local.stop() }
            }
        }
    }
}
