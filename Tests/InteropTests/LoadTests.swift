import FaultBench
import Foundation
import Testing

extension Interop {
    /// Many requests of many users, whose connections are everybody's.
    @Suite("Load", .serialized)
    struct LoadTests {
        private static let users = (0..<10).map { "user\($0)" }
        private static let connectionCount = 50
        private static let requestCount = Tools.loadCount

        /// What a server answers to one request, with a date in it that is not compared.
        private struct Answer: Sendable {
            let bytes: [UInt8]
            let date: Range<Int>

            /// Learns it from the server itself.
            init(of server: Server) throws {
                let socket = try RawSocket.connect(port: server.port)
                defer { socket.close() }
                try socket.send(LoadTests.request(server.name, number: 0, length: 1000))
                var bytes: [UInt8] = []
                while !bytes.suffix(3).elementsEqual(" -\n".utf8) { bytes += try socket.receive() }
                let text = String(decoding: bytes, as: UTF8.self)
                let date = try #require(text.range(of: "Date: ")).upperBound.utf16Offset(in: text)
                self.bytes = bytes
                self.date = date..<(date + 29)
            }

            /// Whether these are the answer to that request.
            ///
            /// - Parameter length: Of its body, in bytes; 1000 to 1199.
            func equals(_ other: [UInt8], number: Int, length: Int) -> Bool {
                guard other.count == self.bytes.count else { return false }
                var wanted = self.bytes
                wanted.replaceSubrange(self.date, with: other[self.date])
                // It ends with `/0000000 1000 -`.
                Self.write(number, before: wanted.count - 8, in: &wanted)
                Self.write(length, before: wanted.count - 3, in: &wanted)
                return wanted == other
            }

            private static func write(_ number: Int, before end: Int, in bytes: inout [UInt8]) {
                var (rest, index) = (number, end)
                while rest > 0 {
                    index -= 1
                    bytes[index] = UInt8(48 + rest % 10)
                    rest /= 10
                }
            }
        }

        private static func request(_ user: String, number: Int, length: Int) -> [UInt8] {
            let digits = "\(number)"
            let target = String(repeating: "0", count: 7 - digits.utf8.count) + digits
            let field = user == "origin" ? "" : "X-User: \(user)\r\n"
            let head = "POST /\(target) HTTP/1.1\r\nHost: web\r\n\(field)Content-Length: "
            return Array("\(head)\(length)\r\n\r\n".utf8) + [UInt8](repeating: 120, count: length)
        }

        /// One connection's part: the first thing that is wrong, or nothing.
        private static func ask(
            _ port: Int, seed: Int, count: Int, answers: [(name: String, answer: Answer)]
        ) throws -> String? {
            var generator = SeededGenerator(seed: UInt64(seed))
            let socket = try RawSocket.connect(port: port)
            defer { socket.close() }
            for number in 0..<count {
                guard let (name, answer) = answers.randomElement(using: &generator) else { continue }
                let identity = seed * count + number
                let length = Int.random(in: 1000..<1200, using: &generator)
                try socket.send(Self.request(name, number: identity, length: length))
                let bytes = try socket.receive(exactly: answer.bytes.count)
                guard answer.equals(bytes, number: identity, length: length) else {
                    return "\(identity) of \(name): \(String(decoding: bytes, as: UTF8.self))"
                }
            }
            return nil
        }

        @Test("ten users' requests in any order on fifty connections: none is at a wrong place, and no byte another")
        func shared() async throws {
            let names = Self.users + ["origin"]
            try await Server.with(names, .nginx) { servers in
                let answers = try names.map { name in (name, try Answer(of: #require(servers[name]))) }
                try await InteropTunnel.with(servers) { tunnel in
                    let each = Self.requestCount / Self.connectionCount
                    let start = ContinuousClock.now
                    try await withThrowingTaskGroup(of: String?.self) { group in
                        for seed in 0..<Self.connectionCount {
                            group.addTask {
                                try await blocking {
                                    try Self.ask(tunnel.port, seed: seed, count: each, answers: answers)
                                }
                            }
                        }
                        for try await wrong in group where wrong != nil { Issue.record("\(wrong ?? "")") }
                    }
                    let seconds = Int((ContinuousClock.now - start) / .seconds(1))
                    print("\(Self.requestCount) requests of \(names.count) users in \(seconds) s")
                }
                // No server saw anybody else's.
                let isLogged = await eventually {
                    try servers.values.map { try $0.seen().count }.reduce(0, +) == Self.requestCount + names.count
                }
                #expect(isLogged)
                for (name, server) in servers {
                    let user = name == "origin" ? "-" : name
                    #expect(try server.seen().allSatisfy { $0.split(separator: " ")[2] == user }, "\(name)")
                }
            }
        }

        @Test("wrk, whose connections ask as one user and then as another")
        func wrk() async throws {
            try await Server.with(["origin", "alice", "bob"], .nginx) { servers in
                try await InteropTunnel.with(servers) { tunnel in
                    let (wrong, asked) = try await Self.wrk(tunnel.port)
                    #expect(wrong == 0 && asked > 100)
                    try await Gateway.with(tunnel) { gateway in
                        let (wrong, asked) = try await Self.wrk(gateway.port)
                        #expect(wrong == 0 && asked > 100)
                    }
                }
            }
        }

        @Test("many users' requests on one HTTP/2 connection of a gateway")
        func multiplexed() async throws {
            try await Server.with(["origin", "alice", "bob"], .nginxHTTP2) { servers in
                try await InteropTunnel.with(servers) { tunnel in
                    try await Gateway.with(tunnel, isHTTP2: true) { gateway in
                        let (wrong, asked) = try await Self.wrk(gateway.port)
                        // Until then all of them are at the originals.
                        #expect(asked > 100 && (wrong == 0 || !Tools.readsHTTP2))
                    }
                }
            }
        }

        /// Two seconds of wrk: how many answers were another's, or none at all, and how many there were.
        private static func wrk(_ port: Int) async throws -> (wrong: Int, asked: Int) {
            let said = try await Program.run([
                "wrk", "-t", "2", "-c", "20", "-d", "2s", "-s", Tools.program("callers/wrk.lua"),
                "http://127.0.0.1:\(port)",
            ])
            #expect(!said.contains("Socket errors"), "\(said)")
            let match = try #require(said.firstMatch(of: /(\d+) wrong of (\d+)/), "\(said)")
            print("wrk: \(match.output.0)")
            return (Int(match.output.1) ?? 1, Int(match.output.2) ?? 0)
        }

        @Test("h2load, over HTTP/2 and HTTP/1.1", arguments: [ServerKind.nginxHTTP2, .nodeHTTP2, .nginx])
        func h2load(kind: ServerKind) async throws {
            let isHTTP2 = kind != .nginx
            try await Server.with(["origin", "alice"], kind) { servers in
                try await InteropTunnel.with(servers) { tunnel in
                    let said = try await Program.run(
                        [
                            "h2load", "-n", "2000", "-c", "5", "-H", "x-user: alice",
                            "http://127.0.0.1:\(tunnel.port)/load",
                        ]
                            + (isHTTP2 ? ["-m", "20"] : ["--h1"]))
                    #expect(said.contains("2000 succeeded, 0 failed"), "\(said)")
                    let wanted = isHTTP2 && !Tools.readsHTTP2 ? "origin" : "alice"
                    let server = try #require(servers[wanted])
                    #expect(await eventually { try server.seen().count { $0.contains("/load") } == 2000 })
                }
            }
        }
    }
}
