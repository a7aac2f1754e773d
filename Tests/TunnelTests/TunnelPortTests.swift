import FaultBench
import NIOPosix
import Testing

@testable import Tunnel

extension Loopback {
    @Suite("The tunnel port")
    struct TunnelPortTests {
        /// Runs a body while a connection through the tunnel is open, and sees that it is none the worse for it.
        private func withStream(
            timing: Timing = TestTunnel.patient,
            _ body: (TestTunnel) async throws -> Void
        ) async throws {
            let local = try RawServer.echo()
            try await TestTunnel.with(local: local.port, origin: try closedPort(), timing: timing) { tunnel, laptop in
                let port = tunnel.port
                let socket = try await blocking { try RawSocket.connect(port: port) }
                let before = try await blocking { try socket.echoes("before") }
                #expect(before)
                try await body(tunnel)
                let after = try await blocking { try socket.echoes("after") }
                #expect(after)
                socket.close()
                #expect(
                    await tunnel.podEvents.events.contains { if case .linkDown = $0 { true } else { false } } == false)
                #expect(laptop.streamCount <= 1)
            }
        }

        @Test(
            "strangers are shown out with FIN and never a reset", arguments: ["GET / HTTP/1.1\r\n\r\n", "\u{16}\u{3}"])
        func garbage(text: String) async throws {
            try await self.withStream { tunnel in
                let port = tunnel.tunnelPort
                try await blocking {
                    let socket = try RawSocket.connect(port: port)
                    try socket.send(text)
                    #expect(try socket.receive().isEmpty)
                    // What comes after the refusal is read and dropped; a reset would show as an error here.
                    for _ in 0..<20 { try socket.send(pattern(10_000)) }
                    socket.finish()
                    #expect(try socket.receive().isEmpty)
                    socket.close()
                }
                #expect(
                    await tunnel.podEvents.wait { $0.contains { if case .peerRefused = $0 { true } else { false } } })
            }
        }

        @Test("no stranger's connection is closed before its EOF, however many there are")
        func manyStrangers() async throws {
            try await self.withStream { tunnel in
                let port = tunnel.tunnelPort
                let failures = try await blocking {
                    let sockets = try (0..<200).map { _ in
                        let socket = try RawSocket.connect(port: port)
                        try socket.send("GET / HTTP/1.1\r\n\r\n")
                        return socket
                    }
                    for socket in sockets { _ = try? socket.receiveAll() }
                    // A reset would answer the first of these, and fail the second.
                    var failures = 0
                    for _ in 0..<2 {
                        for socket in sockets where (try? socket.send("more")) == nil { failures += 1 }
                    }
                    for socket in sockets { socket.close() }
                    return failures
                }
                #expect(failures == 0)
            }
        }

        @Test(
            "a laptop far away gets in beside strangers who open connections all the time",
            arguments: [Duration.milliseconds(20), .milliseconds(200)])
        func farLaptop(roundTrip: Duration) async throws {
            let local = try RawServer.named("local")
            let tunnel = try await TestTunnel.pod(origin: try closedPort())
            let relay = try FaultRelay(port: tunnel.tunnelPort)
            relay.weather.delay = roundTrip / 2
            let port = tunnel.tunnelPort
            let strangers = Task {
                var open: [RawSocket] = []
                while !Task.isCancelled {
                    if let socket = try? await blocking({ try RawSocket.connect(port: port) }) { open.append(socket) }
                    if open.count > 200 { open.removeFirst().close() }
                    // 180 a second.
                    try? await Task.sleep(for: .microseconds(5500))
                }
                for socket in open { socket.close() }
            }
            var laptop: LaptopEnd?
            // As the plugin does it.
            for _ in 0..<4 where laptop == nil {
                laptop = try? await tunnel.laptop(local: local.port, through: relay.port)
            }
            #expect(laptop != nil)
            #expect(await tunnel.ask("hello") == "local:hello")
            strangers.cancel()
            await strangers.value
            await laptop?.close()
            await tunnel.pod.shutdown()
            relay.stop()
        }

        @Test("a peer that sends nothing, or a byte at a time, is shown out at the limit", arguments: [true, false])
        func slow(sends: Bool) async throws {
            var timing = TestTunnel.patient
            timing.handshakeLimit = .milliseconds(300)
            try await self.withStream(timing: timing) { tunnel in
                let port = tunnel.tunnelPort
                let (last, took) = try await blocking {
                    let socket = try RawSocket.connect(port: port)
                    if sends { try socket.send([HandshakeHeader.magic[0]]) }
                    defer { socket.close() }
                    return try timed { try socket.receive() }
                }
                #expect(last.isEmpty)
                #expect(took > .milliseconds(250) && took < .seconds(5))
                let reason = "the peer did not prove who it is in time"
                #expect(await tunnel.podEvents.wait(for: .peerRefused(reason: reason)))
            }
        }

        @Test("one unproven connection too many ends one of them, and the laptop still gets in")
        func oneTooMany() async throws {
            try await self.withStream { tunnel in
                let port = tunnel.tunnelPort
                let pending = try await blocking {
                    try (0...TunnelAcceptor.maximumPending).map { _ in try RawSocket.connect(port: port) }
                }
                #expect(await tunnel.podEvents.wait(for: .peerRefused(reason: "too many unproven connections")))
                for socket in pending { socket.close() }
            }
        }

        @Test("a laptop with another key learns that the proof failed")
        func wrongKey() async throws {
            try await self.withStream { tunnel in
                let error = await tunnel.connectError { $0.key = TunnelKey() }
                #expect(error?.code == .handshakeRefused)
                #expect(error?.message == "the other end could not prove that it belongs to this session")
            }
        }

        @Test("a laptop of another version is told which side is older, and so is the pod's owner")
        func wrongVersion() async throws {
            try await self.withStream { tunnel in
                let port = tunnel.tunnelPort
                let answer = try await blocking {
                    let socket = try RawSocket.connect(port: port)
                    try socket.send(HandshakeHeader(version: 1, software: "0.0.9").bytes)
                    socket.finish()
                    defer { socket.close() }
                    return try socket.receiveAll()
                }
                let expected = HandshakeHeader(version: 2, software: "0.1.0")
                #expect(HandshakeHeader.read(answer[...]) == .header(expected, byteCount: answer.count - 2))
                #expect(answer.suffix(2) == [2, 1])
                let reason = "the proxy in the cluster speaks version 2, this plugin version 1: update the plugin"
                #expect(await tunnel.podEvents.wait(for: .peerRefused(reason: reason)))
            }
        }

        @Test("a laptop that reaches something else says so", arguments: [true, false])
        func notAProxy(answers: Bool) async throws {
            let server = try RawServer { socket in
                if answers { try socket.send("SSH-2.0-OpenSSH_9.2\r\n") }
                socket.finish()
                _ = try socket.receiveAll()
                socket.close()
            }
            let tunnel = try await TestTunnel.pod(origin: try closedPort())
            let error = await tunnel.connectError(port: server.port) { _ in }
            #expect(error?.code == (answers ? .handshakeRefused : .connectionClosed))
            let refused = await tunnel.connectError(port: try closedPort()) { _ in }
            #expect(refused?.code == .connectFailed)
            #expect(refused?.message.hasSuffix("connection refused") == true)
            await tunnel.pod.shutdown()
        }

        @Test("a newer connection of the session takes the older one's place")
        func replaced() async throws {
            let first = try RawServer.named("first")
            let second = try RawServer.named("second")
            let tunnel = try await TestTunnel.pod(origin: try closedPort(), timing: TestTunnel.patient)
            let older = try await tunnel.laptop(local: first.port)
            #expect(await tunnel.ask("a") == "first:a")
            let newer = try await tunnel.laptop(local: second.port)
            #expect(await tunnel.ask("b") == "second:b")
            let events = EventLog(older.events)
            #expect(await events.wait { if case .closed = $0.last { true } else { false } })
            await #expect(throws: TunnelError.self) { try await older.ping() }
            #expect(try await newer.ping() < .seconds(5))
            await newer.close()
            await tunnel.pod.shutdown()
        }

        @Test("the laptop closing ends the link with FIN, as seen by what carries it")
        func closesWithoutReset() async throws {
            let local = try RawServer.echo()
            let tunnel = try await TestTunnel.pod(origin: try closedPort())
            let relay = try FaultRelay(port: tunnel.tunnelPort)
            let laptop = try await tunnel.laptop(local: local.port, through: relay.port)
            let port = tunnel.port
            let socket = try await blocking {
                let socket = try RawSocket.connect(port: port)
                try socket.send("x")
                _ = try socket.receive(exactly: 1)
                return socket
            }
            await laptop.close()
            try await blocking {
                #expect(throws: RawSocketError.reset) { try socket.receiveAll() }
                socket.close()
            }
            #expect(await tunnel.podEvents.wait { if case .linkDown = $0.last { true } else { false } })
            #expect(await eventually { relay.endings == [nil, nil] })
            await tunnel.pod.shutdown()
        }
    }
}

extension TestTunnel {
    /// Connects a laptop with a changed identity; the error, or `nil` if there was none.
    func connectError(port: Int? = nil, change: (inout LaptopIdentity) -> Void) async -> TunnelError? {
        var identity = self.identity
        change(&identity)
        do {
            let end = try await LaptopEnd.connect(
                host: "127.0.0.1",
                port: port ?? self.tunnelPort,
                identity: identity,
                targets: [:],
                timeout: .seconds(10),
                group: MultiThreadedEventLoopGroup.singleton,
                logger: TestTunnel.logger
            )
            await end.close()
            return nil
        } catch {
            return error
        }
    }
}

extension RawSocket {
    /// Whether an echo server sends a text back.
    func echoes(_ text: String) throws -> Bool {
        try self.send(text)
        return try self.receive(exactly: text.utf8.count) == Array(text.utf8)
    }
}
