import FaultBench
import NIOPosix
import Requests
import Synchronization
import Testing

@testable import Tunnel

extension Loopback {
    /// Single requests to laptops, by their rules.
    @Suite("Requests", .timeLimit(.minutes(1)))
    struct RequestForwarderTests {
        /// A pod with one port, the originals, and a laptop for each name.
        private enum Stage {
            static func with(
                origin: RawServer? = nil, _ laptops: [(name: String, server: RawServer?)] = [],
                _ body: (RequestStage) async throws -> Void
            ) async throws {
                let origin = try origin ?? WebServer.start("origin")
                try await RequestStage.with(origin: origin.port) { stage in
                    for (name, server) in laptops { try await stage.join(name, server) }
                    try await body(stage)
                }
                withExtendedLifetime(origin) {}
            }
        }

        /// A caller's connection.
        private struct Caller {
            let socket: RawSocket

            init(_ stage: RequestStage) throws { self.socket = try RawSocket.connect(port: stage.port) }

            static func request(_ user: String, _ path: String = "/", body: String = "") -> String {
                "POST \(path) HTTP/1.1\r\nHost: web\r\nX-User: \(user)\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
            }

            /// Asks, and says who answered.
            func ask(_ user: String, _ path: String = "/", body: String = "") throws -> String {
                try self.socket.send(Self.request(user, path, body: body))
                return try self.who()
            }

            /// The next answer's first word.
            func who() throws -> String {
                var head: [UInt8] = []
                while !head.suffix(4).elementsEqual(Array("\r\n\r\n".utf8)) {
                    let byte = try self.socket.receive(exactly: 1)
                    guard !byte.isEmpty else { return "closed" }
                    head += byte
                }
                let length = String(decoding: head, as: UTF8.self).lowercased()
                    .split(separator: "content-length:").last?.split(separator: "\r\n").first
                let count = length.flatMap { Int($0.filter { $0 != " " }) } ?? 0
                let body = String(decoding: try self.socket.receive(exactly: count), as: UTF8.self)
                return String(body.prefix { $0 != " " })
            }
        }

        @Test("requests of many users share a connection in any order, and none is at a wrong place")
        func mixed() async throws {
            try await Stage.with([("alice", nil), ("bob", nil)]) { stage in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    let caller = { try Caller(stage) }
                    for seed in 1...4 {
                        let socket = try caller()
                        group.addTask {
                            try await blocking {
                                var generator = SeededGenerator(seed: UInt64(seed))
                                for number in 0..<500 {
                                    let user = ["alice", "bob", "carol"].randomElement(using: &generator) ?? ""
                                    let body = String(
                                        repeating: "x", count: Int.random(in: 0...3000, using: &generator))
                                    let who = try socket.ask(user, "/\(number)", body: body)
                                    #expect(who == (user == "carol" ? "origin" : user))
                                }
                                socket.socket.close()
                            }
                        }
                    }
                    try await group.waitForAll()
                }
            }
        }

        @Test("a connection for each request, that the server ends", arguments: ["/once", "/untilclose", "/plain"])
        func fresh(path: String) async throws {
            try await Stage.with([("alice", nil)]) { stage in
                let port = stage.port
                for number in 0..<60 {
                    let user = number.isMultiple(of: 3) ? "carol" : "alice"
                    let answer = try await blocking {
                        let socket = try RawSocket.connect(port: port)
                        defer { socket.close() }
                        try socket.send(
                            "GET \(path) HTTP/1.1\r\nHost: web\r\nX-User: \(user)\r\nConnection: close\r\n\r\n")
                        return String(decoding: try socket.receive(exactly: 60), as: UTF8.self)
                    }
                    #expect(answer.hasPrefix("HTTP/1.1 200 OK"), "\(user): \(answer)")
                }
            }
        }

        @Test("what is sent ahead is answered in order")
        func pipelined() async throws {
            try await Stage.with([("alice", nil), ("bob", nil)]) { stage in
                let caller = try Caller(stage)
                let users = ["alice", "carol", "bob", "bob", "carol", "alice"]
                let answers = try await blocking {
                    try caller.socket.send(users.map { Caller.request($0, body: "abc") }.joined())
                    return try users.map { _ in try caller.who() }
                }
                #expect(answers == ["alice", "origin", "bob", "bob", "origin", "alice"])
                caller.socket.close()
            }
        }

        @Test(
            "answers are the same bytes as without a tunnel, from the laptop and from the originals",
            arguments: [
                "GET /plain HTTP/1.1\r\nHost: a\r\n", "GET /chunked HTTP/1.1\r\nhOST:a\r\n",
                "HEAD /plain HTTP/1.0\r\n", "GET /interim HTTP/1.1\r\nHost: a\r\nX-B: 1\r\nx-b: 2\r\n",
                "GET /empty HTTP/1.1\r\nHost: a\r\n", "GET /untilclose HTTP/1.1\r\nHost: a\r\n",
                "GET /once HTTP/1.1\r\nHost: a\r\nConnection: close\r\n",
                "POST /plain HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n|5;a=b\r\nhello\r\n0\r\nT: 1\r\n\r\n",
                "PUT /plain HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n|hello",
                "GET /upgrade HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: echo\r\n|hello",
            ])
        func exact(request: String) async throws {
            let parts = request.split(separator: "|")
            @Sendable func bytes(_ user: String) -> String {
                "\(parts[0])X-User: \(user)\r\n\r\n" + (parts.count > 1 ? String(parts[1]) : "")
            }
            let server = try WebServer.start("either")
            try await Stage.with(origin: server, [("alice", server)]) { stage in
                let port = stage.port
                for user in ["alice", "carol"] {
                    let got = try await blocking { try Self.answer(bytes(user), port: port) }
                    let wanted = try await blocking { try Self.answer(bytes(user), port: server.port) }
                    #expect(got == wanted, "\(user): \(got) instead of \(wanted)")
                    #expect(!wanted.isEmpty)
                }
            }
        }

        private static func answer(_ request: String, port: Int) throws -> String {
            let socket = try RawSocket.connect(port: port)
            defer { socket.close() }
            try socket.send(request)
            socket.finish()
            return String(decoding: try socket.receiveAll(), as: UTF8.self)
        }

        @Test("a laptop that refuses, or closes without an answer, is none: the originals get the whole request")
        func refused() async throws {
            let silent = try RawServer { $0.close() }
            try await Stage.with([("alice", silent)]) { stage in
                let caller = try Caller(stage)
                let body = String(repeating: "y", count: 30_000)
                for _ in 0..<5 { #expect(try await blocking { try caller.ask("alice", body: body) } == "origin") }
                silent.stop()
                for _ in 0..<5 { #expect(try await blocking { try caller.ask("alice", body: body) } == "origin") }
                caller.socket.close()
            }
        }

        @Test("a laptop's process that closes an idle connection is connected to again")
        func idle() async throws {
            try await Stage.with([("alice", nil)]) { stage in
                let caller = try Caller(stage)
                for _ in 0..<20 {
                    // It answers, and closes without having said so.
                    #expect(try await blocking { try caller.ask("alice", "/once") } == "alice")
                    #expect(try await blocking { try caller.ask("carol") } == "origin")
                }
                caller.socket.close()
            }
        }

        @Test("a laptop that goes in the middle of requests takes none with it that it has not begun to answer")
        func lost() async throws {
            try await Stage.with([("alice", nil)]) { stage in
                let caller = try Caller(stage)
                #expect(try await blocking { try caller.ask("alice") } == "alice")
                await stage.laptops["alice"]?.close()
                #expect(try await blocking { try caller.ask("alice") } == "origin")
                await stage.leave("alice")
                #expect(try await blocking { try caller.ask("alice") } == "origin")
                caller.socket.close()
            }
        }

        @Test("beside rules a whole session gets what nobody's rule meets")
        func whole() async throws {
            try await Stage.with([("whole", nil), ("alice", nil)]) { stage in
                let caller = try Caller(stage)
                for user in ["alice", "carol", "alice"] {
                    let who = try await blocking { try caller.ask(user) }
                    #expect(who == (user == "alice" ? "alice" : "whole"))
                }
                caller.socket.close()
            }
        }

        @Test(
            "what is no HTTP/1, or says not for certain where it ends, goes where it went, byte for byte",
            arguments: [
                "PRI * HTTP/2.0\r\n\r\nSN\r\n\r\nabc", "\u{16}\u{3}\u{1}hello", "hello\n", "\0",
                "GET / HTTP/1.1\r\nHost: a\r\nX-User: alice\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                "GET / HTTP/1.1\r\nHost: a\r\nX-User: alice\r\nContent-Length: +5\r\n\r\nhello", "GE",
            ])
        func opaque(bytes: String) async throws {
            try await Stage.with(origin: try RawServer.named("origin"), [("alice", nil)]) { stage in
                let port = stage.port
                let got = try await blocking { try Self.answer(bytes, port: port) }
                #expect(got == "origin:" + bytes)
            }
        }

        @Test("nobody gets a connection by an offer of HTTP/2: its next requests go where they belong")
        func offer() async throws {
            try await Stage.with([("alice", nil)]) { stage in
                let caller = try Caller(stage)
                try await blocking {
                    for user in ["alice", "carol", "alice"] {
                        try caller.socket.send(
                            "GET /upgrade HTTP/1.1\r\nHost: web\r\nX-User: \(user)\r\nConnection: Upgrade, HTTP2-Settings\r\n"
                                + "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n")
                        #expect(try caller.who() == (user == "carol" ? "origin" : user))
                    }
                }
            }
        }

        @Test("a server that speaks first is heard")
        func greeting() async throws {
            let server = try RawServer { socket in
                try socket.send("220 ready\r\n")
                try socket.send(try socket.receive())
                socket.close()
            }
            try await Stage.with(origin: server, [("alice", nil)]) { stage in
                let caller = try Caller(stage)
                let got = try await blocking {
                    let greeting = try caller.socket.receive(exactly: 11)
                    try caller.socket.send("GET / HTTP/1.1\r\n")
                    return greeting + (try caller.socket.receiveAll())
                }
                #expect(String(decoding: got, as: UTF8.self) == "220 ready\r\nGET / HTTP/1.1\r\n")
                caller.socket.close()
            }
        }

        @Test("connections from before the first rule come again, behind an answer")
        func earlier() async throws {
            try await Stage.with { stage in
                let caller = try Caller(stage)
                #expect(try await blocking { try caller.ask("alice") } == "origin")
                try await stage.join("alice")
                // The first of them shows that requests are asked there, and the second is told.
                for _ in 1...2 { #expect(try await blocking { try caller.ask("alice") } == "origin") }
                #expect(try await blocking { try caller.socket.receive().isEmpty })
                caller.socket.close()
                let next = try Caller(stage)
                #expect(try await blocking { try next.ask("alice") } == "alice")
                next.socket.close()
            }
        }

        /// What a server was asked for.
        private final class Seen: Sendable {
            private let state = Mutex<[String]>([])
            var paths: [String] { self.state.withLock { $0 } }
            func add(_ path: String) { self.state.withLock { $0.append(path) } }
        }

        @Test(
            "a laptop's process that goes in the middle of a long request takes it along, or the originals get all of it"
        )
        func longRequest() async throws {
            let dying = try RawServer { socket in
                _ = try socket.receive(exactly: 20_000)
                socket.close()
            }
            let seen = Seen()
            let origin = try WebServer.start("origin") { seen.add($0) }
            try await Stage.with(origin: origin, [("alice", dying)]) { stage in
                let port = stage.port
                for number in 0..<30 {
                    let body = String(repeating: "GET /stray HTTP/1.1\r\nHost: a\r\n\r\n", count: 6000)
                    let answer = try await blocking { () -> String in
                        let socket = try RawSocket.connect(port: port)
                        defer { socket.close() }
                        do {
                            if number.isMultiple(of: 2) {
                                try socket.send("GET /first HTTP/1.1\r\nHost: a\r\n\r\n")
                                _ = try socket.receive()
                            }
                            try socket.send(Caller.request("alice", "/big", body: body))
                            socket.finish()
                            return String(decoding: try socket.receiveAll(), as: UTF8.self)
                        } catch { return "" }
                    }
                    let isWhole = answer.contains("origin /big \(body.utf8.count)/")
                    #expect(isWhole || !answer.contains("200 OK"), "\(answer)")
                }
                #expect(Set(seen.paths).isSubset(of: ["/first", "/big"]), "\(Set(seen.paths))")
                #expect(await eventually { stage.laptops["alice"]?.streamCount == 0 })
            }
        }

        @Test("what a laptop's process had said of an answer that nobody got is not part of the next one")
        func cutHead() async throws {
            try await Stage.with([("alice", nil)]) { stage in
                let port = stage.port
                let request = Caller.request("alice", "/cut").replacing(
                    "Content-Length", with: "Connection: close\r\nContent-Length")
                let answer = try await blocking { try Self.answer(request, port: port) }
                #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\nX-Cut: a") && !answer.contains("aHTTP"), "\(answer)")
            }
        }

        @Test("a laptop's process that closes without an answer leaves no stream behind")
        func goneStreams() async throws {
            try await Stage.with([("alice", nil)]) { stage in
                let caller = try Caller(stage)
                for _ in 0..<20 {
                    #expect(try await blocking { try caller.ask("alice", "/goneat/alice") } == "origin")
                }
                #expect(await eventually { stage.laptops["alice"]?.streamCount == 0 })
                caller.socket.close()
            }
        }

        @Test("an answer that is complete before its request is none too early for the next")
        func early() async throws {
            try await Stage.with([("alice", nil)]) { stage in
                let caller = try Caller(stage)
                let answers = try await blocking {
                    let request = Caller.request("alice", "/early", body: "hello")
                    try caller.socket.send(String(request.dropLast(3)))
                    let first = try caller.who()
                    try caller.socket.send("llo")
                    return [first, try caller.ask("carol"), try caller.ask("alice")]
                }
                #expect(answers == ["alic", "origin", "alice"])
                caller.socket.close()
            }
        }

        @Test("behind an answer that ends with its connection nobody else's request goes to that laptop")
        func behindTheEnd() async throws {
            let seen = Seen()
            let server = try WebServer.start("alice") { seen.add($0) }
            try await Stage.with([("alice", server)]) { stage in
                let caller = try Caller(stage)
                let all = try await blocking {
                    try caller.socket.send(
                        Caller.request("alice", "/untilclose") + Caller.request("carol", "/hers", body: "abc"))
                    return String(decoding: try caller.socket.receiveAll(), as: UTF8.self)
                }
                #expect(all.contains("alice /untilclose") && !all.contains("/hers"), "\(all)")
                #expect(seen.paths == ["/untilclose"])
                caller.socket.close()
            }
        }

        @Test("a body that was not wanted, and may still come, is not taken for a request")
        func refusedBody() async throws {
            try await Stage.with([("alice", nil)]) { stage in
                let caller = try Caller(stage)
                let all = try await blocking {
                    try caller.socket.send(
                        "POST /refused HTTP/1.1\r\nHost: a\r\nX-User: alice\r\nExpect: 100-continue\r\nContent-Length: 50\r\n\r\n"
                    )
                    return String(decoding: try caller.socket.receiveAll(), as: UTF8.self)
                }
                #expect(all.hasPrefix("HTTP/1.1 401 Unauthorized") && all.hasSuffix("alic "), "\(all)")
                caller.socket.close()
            }
        }

        @Test("a rule beside a whole session: connections that are at its laptop come again")
        func besideWhole() async throws {
            try await Stage.with([("whole", nil)]) { stage in
                let caller = try Caller(stage)
                #expect(try await blocking { try caller.ask("alice") } == "whole")
                try await stage.join("alice")
                for _ in 1...2 { #expect(try await blocking { try caller.ask("alice") } == "whole") }
                #expect(try await blocking { try caller.socket.receive().isEmpty })
                caller.socket.close()
                let next = try Caller(stage)
                #expect(try await blocking { try next.ask("alice") } == "alice")
                next.socket.close()
            }
        }

        @Test("a drain answers what was sent ahead, and says so in the last answer")
        func drainedAhead() async throws {
            try await Stage.with([("alice", nil)]) { stage in
                let (pod, port) = (stage.pod, stage.port)
                let drained = Task { await pod.drain(limit: .seconds(30), lateConnectionGrace: .seconds(1)) }
                #expect(
                    await eventually {
                        _ = try? await blocking { try Self.answer(Caller.request("alice"), port: port) }
                        return await pod.figures()?.passedThrough[.ending] != nil
                    })
                let caller = try Caller(stage)
                let all = try await blocking {
                    try caller.socket.send((1...6).map { Caller.request("alice", "/\($0)") }.joined())
                    return text(try caller.socket.receiveAll())
                }
                let answers = all.split(separator: "HTTP/1.1 ").map { String($0) }
                #expect(answers.count == 6)
                for (number, answer) in answers.enumerated() {
                    #expect(answer.contains("origin /\(number + 1) "))
                    #expect(answer.contains("\r\nConnection: close\r\n") == (number == 5), "\(answer)")
                }
                caller.socket.close()
                await drained.value
            }
        }

        @Test("a laptop's process learns who called, by fields behind those that are there; nobody else is told")
        func whoCalled() async throws {
            let server = try WebServer.start("alice")
            try await Stage.with([("alice", server), ("whole", nil)]) { stage in
                try await stage.join("bob", tellsCaller: false)
                let port = stage.port
                func head(_ user: String, _ fields: String) -> String {
                    "GET /head HTTP/1.1\r\nHost: a\r\nX-User: \(user)\r\n\(fields)"
                }
                func seen(_ user: String, _ fields: String = "") async throws -> String {
                    let request = head(user, fields) + "\r\n"
                    return try await blocking { try Self.answer(request, port: port) }
                }
                let told = "alice \(head("alice", ""))X-Forwarded-For: 127.0.0.1\r\nForwarded: for=127.0.0.1"
                var got = try await seen("alice")
                #expect(got.hasSuffix(told), "\(got)")
                got = try await seen("alice", "x-forwarded-FOR: 10.0.0.9 \r\nforwarded: for=10.0.0.9\r\nA: b\r\n")
                let fields =
                    "x-forwarded-FOR: 10.0.0.9, 127.0.0.1 \r\nforwarded: for=10.0.0.9, for=127.0.0.1\r\nA: b"
                #expect(got.hasSuffix("alice \(head("alice", fields))"), "\(got)")
                for (user, name) in [("bob", "bob"), ("carol", "whole")] {
                    got = try await seen(user)
                    #expect(got.hasSuffix("\(name) \(head(user, ""))".dropLast()), "\(got)")
                }
                // It is told again on a connection that is used again.
                let caller = try Caller(stage)
                let request = head("alice", "") + "\r\n"
                for _ in 1...2 {
                    let length = try await blocking {
                        try caller.socket.send(request)
                        return text(try caller.socket.receive()).split(separator: "\r\n")[1]
                    }
                    #expect(length == "Content-Length: \(told.utf8.count)")
                }
                caller.socket.close()
            }
        }

        @Test("a request that a laptop has not taken goes to the originals as it came")
        func notTold() async throws {
            let silent = try RawServer { socket in
                _ = try socket.receive()
                socket.close()
            }
            try await Stage.with([("alice", silent)]) { stage in
                let port = stage.port
                let request = "GET /head HTTP/1.1\r\nHost: a\r\nX-User: alice"
                let got = try await blocking { try Self.answer(request + "\r\n\r\n", port: port) }
                #expect(got.hasSuffix("origin \(request)"), "\(got)")
            }
        }
    }
}

extension RequestStage {
    /// A laptop whose process is a server; by default one that says who it is.
    fileprivate func join(_ name: String, _ server: RawServer? = nil, tellsCaller: Bool = true) async throws {
        try await self.join(name, port: (server ?? WebServer.start(name)).port, tellsCaller: tellsCaller)
    }
}
