import FaultBench
import Foundation
import Requests
import Synchronization
import Testing

@testable import Tunnel

extension Loopback {
    @Suite("Connections that are kept")
    struct KeptConnectionTests {
        @Test("one that passed through is ended once the local process answers, and the next comes to the laptop")
        func comesBack() async throws {
            let origin = try RawServer.keepsAlive("origin")
            let localPort = try closedPort()
            try await TestTunnel.with(local: localPort, origin: origin.port) { tunnel, laptop in
                let port = tunnel.port
                let events = EventLog(laptop.events)
                let client = try await blocking {
                    let client = try RawSocket.connect(port: port)
                    #expect(try client.get() == "origin")
                    return client
                }
                #expect(await events.wait(for: .localDown(route: TestTunnel.route, reason: "connection refused")))
                let local = try RawServer.keepsAlive("local", port: localPort)
                try await blocking {
                    #expect(try client.receive().isEmpty)
                    client.close()
                    let next = try RawSocket.connect(port: port)
                    #expect(try next.get() == "local")
                    next.close()
                }
                #expect(await events.wait(for: .localUp(route: TestTunnel.route)))
                local.stop()
            }
        }

        @Test("a busy one that passed through comes back behind an answer, and again, and no request fails")
        func busyComesBack() async throws {
            let origin = try RawServer.keepsAlive("origin")
            let localPort = try closedPort()
            try await TestTunnel.with(local: localPort, origin: origin.port) { tunnel, _ in
                let client = PooledClient(port: tunnel.port)
                for _ in 1...2 {
                    try await blocking { try client.asks(until: "origin") }
                    let local = try RawServer.keepsAlive("local", port: localPort)
                    try await blocking { try client.asks(until: "local") }
                    local.stop()
                    // What it had accepted goes on; a new connection finds nobody.
                    client.forget()
                }
            }
        }

        @Test("a drain ends a busy HTTP/1 connection behind an answer, long before it would be quiet")
        func busyIsDrained() async throws {
            let origin = try RawServer.keepsAlive("origin")
            let local = try RawServer.keepsAlive("local")
            try await TestTunnel.with(local: local.port, origin: origin.port) { tunnel, _ in
                let clients = (0..<5).map { _ in PooledClient(port: tunnel.port) }
                for client in clients { try await blocking { try client.asks(until: "local") } }
                async let drained: Void = tunnel.pod.drain(limit: .seconds(30))
                let start = ContinuousClock.now
                try await withThrowingTaskGroup { group in
                    for client in clients { group.addTask { try await blocking { try client.asks(until: "origin") } } }
                    try await group.waitForAll()
                }
                #expect(ContinuousClock.now - start < .seconds(2))
                for client in clients { client.forget() }
                await drained
            }
        }

        @Test(
            "half a head that is kept reaches the caller when the server ends there, and when nobody follows any more")
        func halfAHead() async throws {
            let half = "HTTP/1.1 200 OK\r\nContent-Le"
            let said = Captured<Bool>()
            let origin = try RawServer { socket in
                defer { socket.close() }
                while case let request = text(try socket.receive()), !request.isEmpty {
                    if request.hasPrefix("GET /end ") { return try socket.send(half) }
                    try socket.send(request.hasPrefix("GET /half ") ? half : "HTTP/1.1 204 No Content\r\n\r\n")
                    if request.hasPrefix("GET /half ") { said.set(true) }
                }
            }
            let tunnel = try await TestTunnel.pod(origin: origin.port, isIntercepted: false)
            let (port, key) = (tunnel.port, tunnel.identity.key.publicKey)
            let (ending, waiting) = try await blocking {
                let sockets = (try RawSocket.connect(port: port), try RawSocket.connect(port: port))
                for socket in [sockets.0, sockets.1] {
                    try socket.send("GET / HTTP/1.1\r\nHost: web\r\n\r\n")
                    _ = try socket.receive()
                }
                return sockets
            }
            let rule = try RequestRule([RequestCondition(.header, "x-user=alice")])
            await tunnel.pod.set([PodSession(id: "s1", key: key, routes: [TestTunnel.route], rule: rule)])
            try await blocking {
                try ending.send("GET /end HTTP/1.1\r\nHost: web\r\n\r\n")
                let got = try ending.receiveAll()
                #expect(text(got) == half)
                try waiting.send("GET /half HTTP/1.1\r\nHost: web\r\n\r\n")
                ending.close()
            }
            #expect(await said.get())
            await tunnel.pod.set([])
            try await blocking {
                let got = try waiting.receive(exactly: half.utf8.count)
                #expect(text(got) == half)
                waiting.close()
            }
            await tunnel.pod.shutdown()
        }

        @Test("an HTTP/1 answer is not cut in a pause that would be an end elsewhere")
        func pausedAnswer() async throws {
            let origin = try RawServer { socket in
                _ = try socket.receive()
                try socket.send("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf")
                usleep(1_500_000)
                try socket.send("full")
                _ = try socket.receiveAll()
                socket.close()
            }
            let tunnel = try await TestTunnel.pod(origin: origin.port)
            async let drained: Void = tunnel.pod.drain(limit: .seconds(30), lateConnectionGrace: .seconds(1))
            let port = tunnel.port
            // An answer that is under way when the drain begins is followed no more.
            #expect(
                await eventually {
                    try? RawSocket.connect(port: port).close()
                    return await tunnel.pod.figures()?.passedThrough[.ending] != nil
                })
            let answer = try await blocking {
                let socket = try RawSocket.connect(port: port)
                defer { socket.close() }
                try socket.send("GET / HTTP/1.1\r\nHost: web\r\n\r\n")
                return text(try socket.receiveAll())
            }
            #expect(answer.hasSuffix("halffull"))
            await drained
            await tunnel.pod.shutdown()
        }
    }
}

/// A client that keeps one connection, asks every 20 ms, and looks before it asks whether the connection has ended.
final class PooledClient: Sendable {
    private let port: Int
    private let kept = Mutex<RawSocket?>(nil)

    init(port: Int) {
        self.port = port
    }

    /// Asks until this one answers.
    ///
    /// - Throws: `RawSocketError` when a request fails.
    func asks(until name: String) throws {
        while true {
            let socket = try self.kept.withLock { $0 } ?? RawSocket.connect(port: self.port)
            self.kept.withLock { $0 = socket }
            let answer = try socket.get()
            if try socket.ends(within: 20) { self.forget() }
            if answer == name { return }
        }
    }

    /// Ends the connection.
    func forget() {
        self.kept.withLock {
            $0?.close()
            $0 = nil
        }
    }
}

extension RawSocket {
    /// Sends a request and reads the whole answer; its body.
    func get() throws -> String {
        let answer = try self.answer(to: "GET / HTTP/1.1\r\nHost: web\r\n\r\n")
        return String(answer.split(separator: "\r\n").last?.dropLast() ?? "")
    }

    /// Sends a request and reads the whole answer of a ``RawServer/keepsAlive(_:port:)``.
    func answer(to request: String) throws -> String {
        try self.send(request)
        var answer = ""
        while !answer.contains("\r\n\r\n") || !answer.hasSuffix(".") {
            let bytes = try self.receive()
            // The connection ended before the answer did.
            if bytes.isEmpty { throw RawSocketError.reset }
            answer += text(bytes)
        }
        return answer
    }

    /// Waits for so many milliseconds, at most to the peer's FIN; whether it came.
    func ends(within milliseconds: Int32) throws -> Bool {
        var entry = pollfd(fd: self.fd, events: Int16(POLLIN), revents: 0)
        guard poll(&entry, 1, milliseconds) > 0 else { return false }
        return try self.receive().isEmpty
    }
}

extension RawServer {
    /// A server of HTTP/1 that answers with its name and a full stop, for as long as the caller asks.
    static func keepsAlive(_ name: String, port: Int = 0) throws -> RawServer {
        try RawServer(port: port) { socket in
            defer { socket.close() }
            let answer = "HTTP/1.1 200 OK\r\nContent-Length: \(name.utf8.count + 1)\r\n\r\n\(name)."
            while try !socket.receive().isEmpty { try socket.send(answer) }
        }
    }
}
