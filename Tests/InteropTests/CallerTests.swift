import FaultBench
import Foundation
import Testing

extension Interop {
    /// Every client against every server: nobody's requests, mine, a colleague's; and a laptop's process that goes in the middle.
    @Suite("Clients and servers", .serialized)
    struct CallerTests {
        private struct Part: Decodable { var part: String }

        /// What the callers print up to the end of a part.
        private static func rows(_ callers: Program, into rows: inout [Row]) async throws -> String {
            while let line = try await callers.line() {
                let bytes = Data(line.utf8)
                if let part = try? JSONDecoder().decode(Part.self, from: bytes) { return part.part }
                rows.append(try JSONDecoder().decode(Row.self, from: bytes))
            }
            throw RawSocketError.timedOut
        }

        /// Asks everything through a port, with a kill of alice's process in between.
        private static func ask(_ kind: ServerKind, port: Int, alice: Server) async throws -> [Row] {
            try await Tools.withFolder { folder in
                try await Self.ask(kind, port: port, alice: alice, errors: folder.appending(path: "errors"))
            }
        }

        private static func ask(_ kind: ServerKind, port: Int, alice: Server, errors: URL) async throws -> [Row] {
            let features = kind.features + (Tools.readsHTTP2 ? ["h2-rules"] : [])
            let callers = try Program(
                [Tools.python, "-B", Tools.program(kind.callers), "\(port)"] + features, errors: errors)
            var rows: [Row] = []
            do {
                #expect(try await Self.rows(callers, into: &rows) == "rules")
                let before = try alice.heldCount()
                try callers.say("gone")
                let part = try await Self.rows(callers, into: &rows)
                let count = try #require(part.split(separator: " ").last.flatMap { Int($0) })
                #expect(await eventually { try alice.heldCount() == before + count }, "\(part)")
                await alice.kill()
                try callers.say("go on")
                #expect(try await Self.rows(callers, into: &rows) == "answered")
                try callers.say("dead")
                #expect(try await Self.rows(callers, into: &rows) == "away")
                try await alice.start()
                try callers.say("back")
                #expect(try await Self.rows(callers, into: &rows) == "back")
            } catch {
                let said = FileManager.default.contents(atPath: errors.path) ?? Data()
                Issue.record("\(error): \(String(decoding: said.suffix(800), as: UTF8.self))")
            }
            await callers.end()
            return rows
        }

        private static func judge(_ title: String, _ rows: [Row], atLeast count: Int) {
            print(RowTable.text(title, rows), terminator: "\n\n")
            for row in rows where !row.isRight && !row.isNotYet {
                Issue.record(
                    "\(title), \(row.caller), \(row.check), \(row.case): \(row.got ?? "nothing") instead of \(row.wanted)"
                )
            }
            #expect(rows.count >= count)
        }

        @Test("each request to whoever it belongs to", arguments: ServerKind.allCases)
        func each(kind: ServerKind) async throws {
            try await Server.with(["origin", "alice", "bob"], kind) { servers in
                let alice = try #require(servers["alice"])
                try await InteropTunnel.with(servers) { tunnel in
                    let rows = try await Self.ask(kind, port: tunnel.port, alice: alice)
                    Self.judge(kind.rawValue, rows, atLeast: 28)
                }
                if kind == .grpc {
                    // A deadline and a cancellation are seen where the call was.
                    for (name, server) in servers {
                        let wanted = Tools.readsHTTP2 ? name : "origin"
                        let user = name == "origin" ? "-" : name
                        let place = try #require(servers[wanted])
                        #expect(
                            await eventually {
                                try place.seen().filter { $0.hasPrefix("RPC watch-ended \(user) ") }.count >= 2
                            }, "\(server.name)")
                    }
                }
            }
        }

        @Test("a gateway in front, whose connections carry everybody's requests")
        func gateway() async throws {
            try await Server.with(["origin", "alice", "bob"], .nginx) { servers in
                let alice = try #require(servers["alice"])
                try await InteropTunnel.with(servers) { tunnel in
                    try await Gateway.with(tunnel) { gateway in
                        let rows = try await Self.ask(.nginx, port: gateway.port, alice: alice)
                        Self.judge("nginx behind HAProxy", rows, atLeast: 28)
                    }
                }
            }
        }
    }
}
