import NIOCore
import NIOHPACK
import NIOHTTP2
import Testing

@testable import Tunnel

extension Loopback {
    /// Single requests of HTTP/2 callers to laptops, by their rules.
    @Suite("HTTP/2 requests", .timeLimit(.minutes(1)))
    struct HTTP2ForwarderTests {
        /// The originals and two laptops' processes, all of which speak HTTP/2.
        private struct Servers {
            let origin, alice, bob: HTTP2Server

            init() async throws {
                self.origin = try await HTTP2Server.start("origin")
                self.alice = try await HTTP2Server.start("alice")
                self.bob = try await HTTP2Server.start("bob")
            }

            func stop() async throws {
                for server in [self.origin, self.alice, self.bob] { try? await server.stop() }
            }
        }

        private static func with(_ body: (RequestStage, Servers, HTTP2Client) async throws -> Void) async throws {
            let servers = try await Servers()
            let laptops = [("alice", servers.alice.port), ("bob", servers.bob.port)]
            try await RequestStage.with(origin: servers.origin.port, laptops) { stage in
                let client = try await HTTP2Client.connect(port: stage.port)
                try await body(stage, servers, client)
                try? await client.close()
            }
            try await servers.stop()
        }

        private static func bytes(_ count: Int) -> ByteBuffer {
            var bytes = ByteBuffer()
            while bytes.readableBytes < count { bytes.writeInteger(UInt32(bytes.readableBytes)) }
            return bytes.getSlice(at: 0, length: count) ?? bytes
        }

        @Test("requests of many users share a connection, many at once, and none is at a wrong place")
        func mixed() async throws {
            try await Self.with { _, _, client in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for worker in 0..<20 {
                        group.addTask {
                            for number in 0..<25 {
                                let user = ["alice", "bob", "carol"][(worker &+ number) % 3]
                                let body = Self.bytes((worker * 97 + number * 1231) % 40_000)
                                let answer = try await client.ask(user, "/\(worker)/\(number)", body: body)
                                let who = user == "carol" ? "origin" : user
                                #expect(
                                    answer.text
                                        == "\(who) /\(worker)/\(number) \(body.readableBytes) \(HTTP2Server.sum(body)) -"
                                )
                                #expect(answer.trailers?.first(name: "grpc-status") == "0")
                            }
                        }
                    }
                    try await group.waitForAll()
                }
            }
        }

        @Test("heads in pieces, trailers both ways, interim answers")
        func parts() async throws {
            try await Self.with { _, _, client in
                for user in ["alice", "carol"] {
                    let request = try await client.begin("/interim", user: user)
                    request.send(ByteBuffer(string: "ab"), ends: false)
                    request.send(ByteBuffer(string: "cd"), ends: false)
                    request.send(trailers: ["x-sum": "4"])
                    let answer = try await request.answer.get()
                    #expect(answer.heads.map { $0.first(name: ":status") } == ["103", "200"])
                    #expect(
                        answer.text
                            == "\(user == "carol" ? "origin" : user) /interim 4 \(HTTP2Server.sum(ByteBuffer(string: "abcd"))) 4"
                    )
                }
            }
        }

        @Test("a process that a rule brings requests to learns who called, and nobody else is told")
        func caller() async throws {
            try await Self.with { _, _, client in
                let told = try await client.ask("alice", "/caller").text
                #expect(told == "alice for=127.0.0.1 127.0.0.1")
                let passed = try await client.ask("carol", "/caller").text
                #expect(passed == "origin - -")
            }
        }

        @Test("a large body each way, larger than all windows", arguments: ["alice", "carol"])
        func large(user: String) async throws {
            try await Self.with { _, _, client in
                let body = Self.bytes(6_000_000)
                let up = try await client.ask(user, "/", body: body)
                #expect(up.text.hasSuffix("\(body.readableBytes) \(HTTP2Server.sum(body)) -"))
                let down = try await client.ask(user, "/big")
                #expect(down.hasEnded && down.body.readableBytes > 8_000_000)
            }
        }

        @Test("an answer that comes before the request has ended, and resets, are passed on")
        func early() async throws {
            try await Self.with { _, servers, client in
                for user in ["alice", "carol"] {
                    let request = try await client.begin("/early", user: user)
                    #expect(try await request.answer.get().status == "413")
                    request.send(Self.bytes(10), ends: true)
                }
                #expect(try await client.ask("carol", "/reset").code == .enhanceYourCalm)
                // Nothing was answered: the originals are asked.
                #expect(try await client.ask("alice", "/reset").code == .enhanceYourCalm)
                #expect(servers.alice.requestCount == 2)
                // An answer that has begun stays.
                let half = try await client.ask("alice", "/half")
                #expect(half.code == .internalError && half.text == "alice half")
            }
        }

        @Test("what is wrong with one request is its own end, and nobody else's")
        func malformed() async throws {
            try await Self.with { _, _, client in
                for user in ["alice", "carol"] {
                    let other = try await client.begin("/other", user: user)
                    let wrong = try await client.begin("/", user: user, ends: true, fields: [("connection", "close")])
                    let refused = try await wrong.answer.get()
                    #expect(!refused.hasEnded && refused.code == .protocolError)
                    other.send(ByteBuffer(string: "a"), ends: true)
                    let answer = try await other.answer.get()
                    #expect(answer.who == (user == "carol" ? "origin" : user))
                }
            }
        }

        @Test("an answer is whole when its connection ends right behind it, and is not asked for again")
        func last() async throws {
            try await Self.with { _, servers, client in
                for _ in 0..<30 {
                    let answer = try await client.ask("alice", "/last")
                    #expect(answer.who == "alice")
                }
                #expect(servers.alice.requestCount == 30 && servers.origin.requestCount == 0)
            }
        }

        @Test("an answer is whole whose server wants no more of the request", arguments: ["alice", "carol"])
        func refused(user: String) async throws {
            try await Self.with { _, _, client in
                let request = try await client.begin("/refused", user: user)
                try await client.read(false)
                request.send(Self.bytes(1_000), ends: false)
                try await client.read(true)
                let answer = try await request.answer.get()
                #expect(answer.body.readableBytes == 200_000 && answer.trailers?.first(name: "grpc-status") == "3")
                let next = try await client.ask(user)
                #expect(next.hasEnded)
            }
        }

        @Test("more requests than a server takes at once wait, also while it says that it goes")
        func queued() async throws {
            let origin = try await HTTP2Server.start("origin", streams: 5)
            try await RequestStage.with(origin: origin.port) { stage in
                try await stage.join("alice", port: origin.port)
                let client = try await HTTP2Client.connect(port: stage.port)
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for worker in 0..<40 {
                        group.addTask {
                            let user = worker.isMultiple(of: 2) ? "alice" : "carol"
                            let answer = try await client.ask(user, "/\(worker)", body: Self.bytes(worker * 1000))
                            #expect(answer.who == "origin", "\(worker)")
                        }
                    }
                    #expect(await origin.has(requests: 7))
                    try await origin.leaveSoon()
                    try await group.waitForAll()
                }
            }
            try await origin.stop()
        }

        @Test("a drain ends a connection behind all of the last answer, whatever its caller takes of it")
        func slowDrain() async throws {
            try await Self.with { stage, servers, client in
                #expect(try await client.ask("carol").who == "origin")
                let slow = try await client.begin("/big", user: "carol")
                #expect(await servers.origin.has(requests: 2))
                try await client.read(false)
                slow.send(ByteBuffer(string: "a"), ends: true)
                let pod = stage.pod
                async let drained: Void = pod.drain(limit: .seconds(20))
                try await client.read(true)
                let answer = try await slow.answer.get()
                #expect(answer.hasEnded && answer.body.readableBytes > 8_000_000)
                try await client.closed.get()
                _ = await drained
            }
        }

        @Test("a caller that gives a request up is heard, and its others go on")
        func givenUp() async throws {
            try await Self.with { _, _, client in
                for user in ["alice", "carol"] {
                    let request = try await client.begin("/hang", user: user, ends: true)
                    request.reset(.cancel)
                    #expect(try await request.answer.get().hasEnded == false)
                    #expect(try await client.ask(user).hasEnded)
                }
            }
        }

        @Test(
            "a process that stops, before a request and in the middle of some: the originals answer, until it is back")
        func stopped() async throws {
            try await Self.with { stage, servers, client in
                #expect(try await client.ask("alice").who == "alice")
                let hanging = try await client.begin("/hang", user: "alice", ends: true)
                #expect(await servers.alice.has(requests: 2))
                try await servers.alice.stop()
                #expect(try await client.ask("alice").who == "origin")
                #expect(try await client.ask("bob").who == "bob")
                #expect(await servers.origin.has(requests: 2))
                hanging.reset(.cancel)
            }
        }

        @Test("whoever takes no more requests is connected to again, and what it has not looked at is asked again")
        func goAway() async throws {
            try await Self.with { _, servers, client in
                for (user, server) in [("alice", servers.alice), ("carol", servers.origin)] {
                    let who = user == "carol" ? "origin" : user
                    var answer = try await client.ask(user)
                    #expect(answer.who == who)
                    server.leave()
                    for _ in 0..<20 {
                        answer = try await client.ask(user)
                        #expect(answer.who == who)
                    }
                }
            }
        }

        @Test("originals that cannot be reached refuse a request, and its caller may try again")
        func noOrigin() async throws {
            let server = try await HTTP2Server.start("origin")
            try await server.stop()
            let alice = try await HTTP2Server.start("alice")
            try await RequestStage.with(origin: server.port, [("alice", alice.port)]) { stage in
                let client = try await HTTP2Client.connect(port: stage.port)
                #expect(try await client.ask("carol").code == .refusedStream)
                #expect(try await client.ask("alice").who == "alice")
            }
            try await alice.stop()
        }

        @Test(
            "originals that are gone in the middle end the caller's connection, as without a tunnel, unless others answer on it"
        )
        func originGone() async throws {
            try await Self.with { _, servers, client in
                let hanging = try await client.begin("/hang", user: "carol", ends: true)
                let other = try await client.begin("/hang", user: "alice", ends: true)
                #expect(await servers.origin.has(requests: 1))
                #expect(await servers.alice.has(requests: 1))
                try await servers.origin.stop()
                #expect(try await hanging.answer.get().code == .internalError)
                #expect(try await client.ask("bob").who == "bob")
                other.reset(.cancel)
            }
            try await Self.with { _, servers, client in
                let hanging = try await client.begin("/hang", user: "carol", ends: true)
                #expect(await servers.origin.has(requests: 1))
                try await servers.origin.stop()
                #expect(try await hanging.answer.get().code == nil)
                try await client.closed.get()
            }
        }

        @Test("a session that leaves: its requests end, and the next go to the originals on the same connection")
        func leaves() async throws {
            try await Self.with { stage, servers, client in
                #expect(try await client.ask("alice").who == "alice")
                let hanging = try await client.begin("/", user: "alice")
                #expect(await servers.alice.has(requests: 2))
                let pod = stage.pod
                async let left: Void = pod.drain(session: "alice", limit: .seconds(20))
                #expect(await eventually { (try? await client.ask("alice").who) == "origin" })
                hanging.send(ByteBuffer(string: "b"), ends: true)
                #expect(try await hanging.answer.get().who == "alice")
                await left
                #expect(try await client.ask("bob").who == "bob")
            }
        }

        @Test("a drain tells callers to go, lets what they asked end, and no request fails")
        func drain() async throws {
            try await Self.with { stage, servers, client in
                #expect(try await client.ask("alice").who == "alice")
                let slow = try await client.begin("/", user: "alice")
                #expect(await servers.alice.has(requests: 2))
                let pod = stage.pod
                async let drained: Void = pod.drain(limit: .seconds(20))
                slow.send(ByteBuffer(string: "b"), ends: true)
                #expect(try await slow.answer.get().who == "alice")
                try await client.closed.get()
                _ = await drained
            }
        }
    }
}
