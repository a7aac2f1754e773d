import FaultBench
import NIOPosix
import Requests
import Testing

@testable import Tunnel

extension Loopback {
    /// Requests are seen where they come to the laptop, and every byte stays as it was.
    @Suite("Observation", .timeLimit(.minutes(1)))
    struct RequestObservationTests {
        /// A tunnel, and what is seen at its laptop's end.
        private static func with(
            server: RawServer, rule: RequestRule? = nil,
            _ body: (TestTunnel, EventLog<String>) async throws -> Void
        ) async throws {
            let (stream, source) = AsyncStream.makeStream(of: String.self)
            let tunnel = try await TestTunnel.pod(origin: try WebServer.start("origin").port)
            if rule != nil {
                await tunnel.pod.set([
                    PodSession(id: "s1", key: tunnel.identity.key.publicKey, routes: [TestTunnel.route], rule: rule)
                ])
            }
            let observation = RequestObservation(keepsContent: true) { event, connection in
                source.yield("\(connection.route) \(ConnectionObserverTests.text(event))")
            }
            let laptop = try await tunnel.laptop(local: server.port, observation: observation)
            try await body(tunnel, EventLog(stream))
            await laptop.close()
            await tunnel.pod.shutdown()
        }

        @Test("of whole connections: each request, in its order; answers are equal to the byte")
        func whole() async throws {
            let server = try WebServer.start("laptop")
            try await Self.with(server: server) { tunnel, log in
                let paths = ["/plain", "/chunked", "/interim", "/empty", "/untilclose"]
                let text = paths.map {
                    "POST \($0) HTTP/1.1\r\nHost: web\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
                }.joined()
                func answers(_ port: Int) async throws -> [UInt8] {
                    try await blocking {
                        let socket = try RawSocket.connect(port: port)
                        defer { socket.close() }
                        try socket.send(text)
                        return try socket.receiveAll()
                    }
                }
                let through = try await answers(tunnel.port)
                #expect(through == (try await answers(server.port)))
                #expect(await log.wait { $0.count == paths.count })
                let statuses = ["200", "200", "200", "204", "200"]
                for (index, event) in await log.events.enumerated() {
                    #expect(event.hasPrefix("web:80 POST \(paths[index]) \(statuses[index]) whole 3/"), "\(event)")
                }
            }
        }

        @Test("of sessions with a rule: their own requests, and no others")
        func rule() async throws {
            let rule = try RequestRule([RequestCondition(.header, "x-user=alice")])
            try await Self.with(server: try WebServer.start("laptop"), rule: rule) { tunnel, log in
                let port = tunnel.port
                try await blocking {
                    let socket = try RawSocket.connect(port: port)
                    defer { socket.close() }
                    for (user, path) in [("alice", "/1"), ("bob", "/2"), ("alice", "/3")] {
                        try socket.send("GET \(path) HTTP/1.1\r\nHost: web\r\nX-User: \(user)\r\n\r\n")
                        while case let bytes = try socket.receive(),
                            !String(decoding: bytes, as: UTF8.self).contains(path)
                        {
                            #expect(!bytes.isEmpty)
                        }
                    }
                }
                #expect(await log.wait { $0.count >= 2 })
                let events = await log.events
                #expect(events.map { $0.split(separator: " ")[2] } == ["/1", "/3"])
            }
        }

        @Test("ends: a server's FIN and reset, a caller that goes")
        func ends() async throws {
            let server = try RawServer { socket in
                let head = String(decoding: try socket.receive(), as: UTF8.self)
                if head.hasPrefix("GET /reset") { return socket.reset() }
                if head.hasPrefix("GET /gone") { try socket.send("HTTP/1.1 102 Processing\r\n\r\n") }
                if head.hasPrefix("GET /closed") {
                    try socket.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc")
                    return socket.close()
                }
                _ = try? socket.receive()
                socket.close()
            }
            try await Self.with(server: server) { tunnel, log in
                let port = tunnel.port
                for (path, seen) in [("/closed", "200 closed 0/3"), ("/reset", "- reset 0/0"), ("/gone", "- gone 0/0")]
                {
                    try await blocking {
                        let socket = try RawSocket.connect(port: port)
                        try socket.send("GET \(path) HTTP/1.1\r\nHost: web\r\n\r\n")
                        if path == "/gone" {
                            // Not before it is at the laptop.
                            _ = try socket.receive()
                            return socket.reset()
                        }
                        _ = try? socket.receiveAll()
                        socket.close()
                    }
                    let isSeen = await log.wait(for: "web:80 GET \(path) \(seen)")
                    let events = await log.events
                    #expect(isSeen, "\(events)")
                }
            }
        }

        @Test("what is no HTTP passes as it is, and is said to be none")
        func notHTTP() async throws {
            try await Self.with(server: try RawServer.echo()) { tunnel, log in
                let bytes = pattern(300_000)
                let port = tunnel.port
                let back = try await blocking {
                    let socket = try RawSocket.connect(port: port)
                    defer { socket.close() }
                    onThread {
                        try? socket.send(bytes)
                        socket.finish()
                    }
                    return try socket.receiveAll()
                }
                #expect(back == bytes)
                #expect(await log.wait(for: "web:80 no HTTP"))
            }
        }
    }
}
