import FaultBench
import Testing

@testable import Tunnel

extension Loopback {
    @Suite("Bytes through the tunnel")
    struct RelayingTests {
        @Test("a connection is answered by the local process and not by the origin")
        func answeredLocally() async throws {
            let local = try RawServer.named("local")
            let origin = try RawServer.named("origin")
            try await TestTunnel.with(local: local.port, origin: origin.port) { tunnel, _ in
                #expect(await tunnel.ask("hello") == "local:hello")
                #expect(tunnel.pod.tunnelledCount == 1)
                #expect(await eventually { tunnel.pod.connectionCount == 0 })
            }
        }

        @Test("the caller's FIN arrives after its bytes, and the whole answer comes after that")
        func callerEndsFirst() async throws {
            let answer = pattern(1_000_000)
            let local = try RawServer { socket in
                let request = try socket.receiveAll()
                try socket.send(request.count == 70_000 ? answer : [])
                socket.close()
            }
            try await TestTunnel.with(local: local.port, origin: closedPort()) { tunnel, _ in
                let got = try await blocking {
                    let socket = try RawSocket.connect(port: tunnel.port)
                    try socket.send(pattern(70_000, seed: 2))
                    socket.finish()
                    defer { socket.close() }
                    return try socket.receiveAll()
                }
                #expect(got == answer)
            }
        }

        @Test("the server's FIN arrives while the caller goes on sending")
        func serverEndsFirst() async throws {
            let upload = Captured<[UInt8]>()
            let local = try RawServer { socket in
                try socket.send("bye")
                socket.finish()
                upload.set(try socket.receiveAll())
                socket.close()
            }
            let sent = pattern(300_000)
            try await TestTunnel.with(local: local.port, origin: closedPort()) { tunnel, _ in
                let got = try await blocking {
                    let socket = try RawSocket.connect(port: tunnel.port)
                    let answer = try socket.receiveAll()
                    try socket.send(sent)
                    socket.finish()
                    // Nothing more may come, not even a reset.
                    #expect(try socket.receive().isEmpty)
                    socket.close()
                    return answer
                }
                #expect(text(got) == "bye")
                #expect(await upload.get() == sent)
                #expect(await eventually { tunnel.pod.connectionCount == 0 })
            }
        }

        @Test("the caller's reset reaches the local process as a reset")
        func callerResets() async throws {
            let outcome = Captured<RawSocketError?>()
            let local = try RawServer { socket in
                try socket.send("ready")
                do {
                    _ = try socket.receiveAll()
                    outcome.set(nil)
                } catch {
                    outcome.set(error as? RawSocketError)
                }
                socket.close()
            }
            try await TestTunnel.with(local: local.port, origin: closedPort()) { tunnel, _ in
                try await blocking {
                    let socket = try RawSocket.connect(port: tunnel.port)
                    _ = try socket.receive(exactly: 5)
                    socket.reset()
                }
                #expect(await outcome.get() == .reset)
            }
        }

        @Test("the local process's reset reaches the caller as a reset")
        func serverResets() async throws {
            let local = try RawServer { socket in
                _ = try socket.receive(exactly: 4)
                socket.reset()
            }
            try await TestTunnel.with(local: local.port, origin: closedPort()) { tunnel, _ in
                try await blocking {
                    let socket = try RawSocket.connect(port: tunnel.port)
                    try socket.send("data")
                    #expect(throws: RawSocketError.reset) { try socket.receiveAll() }
                    socket.close()
                }
            }
        }

        @Test("the local process's reset reaches a caller that has sent FIN already")
        func serverResetsAfterCallerEnded() async throws {
            let local = try RawServer { socket in
                _ = try socket.receiveAll()
                socket.reset()
            }
            try await TestTunnel.with(local: local.port, origin: closedPort()) { tunnel, _ in
                try await blocking {
                    let socket = try RawSocket.connect(port: tunnel.port)
                    try socket.send("data")
                    socket.finish()
                    #expect(throws: RawSocketError.reset) { try socket.receiveAll() }
                    socket.close()
                }
            }
        }

        @Test("five megabytes arrive unchanged both ways at once")
        func bulk() async throws {
            let download = pattern(5_000_000, seed: 3)
            let upload = pattern(5_000_000, seed: 4)
            let received = Captured<[UInt8]>()
            let local = try RawServer { socket in
                onThread {
                    try? socket.send(download)
                    socket.finish()
                }
                received.set(try socket.receiveAll())
            }
            try await TestTunnel.with(local: local.port, origin: closedPort()) { tunnel, _ in
                let got = try await blocking {
                    let socket = try RawSocket.connect(port: tunnel.port)
                    onThread {
                        try? socket.send(upload)
                        socket.finish()
                    }
                    return try socket.receiveAll()
                }
                #expect(got == download)
                #expect(await received.get() == upload)
            }
        }

        @Test("connections of no byte and of one byte end properly", arguments: [0, 1])
        func tiny(count: Int) async throws {
            let local = try RawServer.echo()
            try await TestTunnel.with(local: local.port, origin: closedPort()) { tunnel, _ in
                let got = try await blocking {
                    let socket = try RawSocket.connect(port: tunnel.port)
                    try socket.send([UInt8](repeating: 7, count: count))
                    socket.finish()
                    defer { socket.close() }
                    return try socket.receiveAll()
                }
                #expect(got == [UInt8](repeating: 7, count: count))
                #expect(await eventually { tunnel.pod.connectionCount == 0 })
            }
        }

        @Test("a server that speaks first is heard before the caller says anything")
        func serverSpeaksFirst() async throws {
            let local = try RawServer { socket in
                try socket.send("220 ready")
                _ = try socket.receiveAll()
                socket.close()
            }
            try await TestTunnel.with(local: local.port, origin: closedPort()) { tunnel, _ in
                let got = try await blocking {
                    let socket = try RawSocket.connect(port: tunnel.port)
                    defer { socket.close() }
                    return try socket.receive(exactly: 9)
                }
                #expect(text(got) == "220 ready")
            }
        }

        @Test("500 connections opened at once all get their own answers")
        func many() async throws {
            let local = try RawServer.echo()
            try await TestTunnel.with(local: local.port, origin: closedPort()) { tunnel, laptop in
                let wrong = try await blocking {
                    let sockets = try (0..<500).map { _ in try RawSocket.connect(port: tunnel.port) }
                    for (index, socket) in sockets.enumerated() { try socket.send("number \(index)\n") }
                    var wrong = 0
                    for (index, socket) in sockets.enumerated() {
                        let expected = "number \(index)\n"
                        if text(try socket.receive(exactly: expected.utf8.count)) != expected { wrong += 1 }
                    }
                    #expect(laptop.streamCount == 500)
                    for socket in sockets { socket.close() }
                    return wrong
                }
                #expect(wrong == 0)
                #expect(await eventually { tunnel.pod.connectionCount == 0 && laptop.streamCount == 0 })
            }
        }

        @Test("the tunnel survives 300 resets with bytes in flight, from either side", arguments: [true, false])
        func resets(callerResets: Bool) async throws {
            let local = try RawServer { socket in
                let request = try socket.receive()
                try? socket.send(pattern(100_000))
                if request == Array("reset".utf8) { socket.reset() } else { _ = try? socket.receiveAll() }
            }
            try await TestTunnel.with(local: local.port, origin: closedPort()) { tunnel, laptop in
                try await blocking {
                    for _ in 0..<300 {
                        let socket = try RawSocket.connect(port: tunnel.port)
                        try socket.send(callerResets ? "stay" : "reset")
                        if callerResets {
                            _ = try socket.receive(upTo: 100)
                            socket.reset()
                        } else {
                            _ = try? socket.receiveAll()
                            socket.close()
                        }
                    }
                }
                #expect(await eventually { tunnel.pod.connectionCount == 0 })
                _ = try await laptop.ping()
                #expect(await tunnel.podEvents.events == [.linkUp(session: "s1")])
            }
        }

        @Test("readers that stall delay nobody else")
        func stalledReaders() async throws {
            let big = pattern(4_000_000)
            let local = try RawServer { socket in
                let request = try socket.receive()
                if request == Array("big".utf8) {
                    try? socket.send(big)
                } else {
                    try socket.send("small")
                }
                socket.close()
            }
            try await TestTunnel.with(local: local.port, origin: closedPort()) { tunnel, _ in
                let slowest = try await blocking {
                    let stalled = try (0..<10).map { _ in
                        let socket = try RawSocket.connect(port: tunnel.port)
                        try socket.send("big")
                        _ = try socket.receive(exactly: 1)
                        return socket
                    }
                    var slowest: Duration = .zero
                    for _ in 0..<100 {
                        let took = try ContinuousClock().measure {
                            let socket = try RawSocket.connect(port: tunnel.port)
                            try socket.send("ask")
                            #expect(text(try socket.receiveAll()) == "small")
                            socket.close()
                        }
                        slowest = max(slowest, took)
                    }
                    // The stalled ones lose nothing: the first is read on to its end.
                    let rest = try stalled[0].receiveAll()
                    #expect(rest.count == big.count - 1 && rest.last == big.last)
                    for socket in stalled { socket.close() }
                    return slowest
                }
                #expect(slowest < .milliseconds(500))
            }
        }

        @Test("a reader that stalls stops its sender before the buffers grow large, in either direction")
        func backPressure() async throws {
            let downloaded = Captured<Int>()
            let local = try RawServer { socket in
                if try socket.receive(exactly: 4) == Array("down".utf8) {
                    downloaded.set(socket.sendUntilStopped())
                }
                // Not closed: this side stalls in the other case.
            }
            try await TestTunnel.with(local: local.port, origin: try closedPort()) { tunnel, _ in
                let port = tunnel.port
                let (uploaded, stalled) = try await blocking {
                    let stalled = try RawSocket.connect(port: port)
                    try stalled.send("down")
                    let socket = try RawSocket.connect(port: port)
                    defer { socket.reset() }
                    try socket.send("upld")
                    return (socket.sendUntilStopped(), stalled)
                }
                // Windows of a stream that never moved, and four kernel buffers of a few megabytes each.
                #expect(uploaded < 30_000_000)
                #expect(await downloaded.get() < 30_000_000)
                stalled.reset()
            }
        }

        @Test("an answer that filled every buffer arrives whole after both sides have sent FIN", arguments: 0..<5)
        func slowReaderAfterFin(round: Int) async throws {
            let sent = Captured<Int>()
            let local = try RawServer { socket in
                _ = try socket.receiveAll()
                let count = socket.sendUntilStopped()
                socket.finish()
                sent.set(count)
            }
            try await TestTunnel.with(local: local.port, origin: try closedPort()) { tunnel, _ in
                let port = tunnel.port
                let socket = try await blocking {
                    let socket = try RawSocket.connect(port: port)
                    try socket.send("ask")
                    socket.finish()
                    return socket
                }
                let expected = await sent.get()
                let got = try await blocking { try socket.receiveAll().count }
                #expect(got == expected)
                socket.close()
            }
        }

        @Test("the tunnel survives 200 callers that reset at once while their answers stream")
        func resetsTogether() async throws {
            let local = try RawServer { socket in
                _ = try socket.receive()
                while true { try socket.send(pattern(100_000)) }
            }
            try await TestTunnel.with(local: local.port, origin: try closedPort()) { tunnel, laptop in
                let port = tunnel.port
                try await blocking {
                    let sockets = try (0..<200).map { _ in try RawSocket.connect(port: port) }
                    for socket in sockets { try socket.send("go") }
                    for socket in sockets { _ = try socket.receive(upTo: 1000) }
                    for socket in sockets { socket.reset() }
                }
                #expect(await eventually { tunnel.pod.connectionCount == 0 && laptop.streamCount == 0 })
                _ = try await laptop.ping()
                #expect(await tunnel.podEvents.events == [.linkUp(session: "s1")])
            }
        }

        @Test("lines travel on the control stream both ways, in order")
        func controlLines() async throws {
            try await TestTunnel.with(local: closedPort(), origin: closedPort()) { tunnel, laptop in
                let laptopEvents = EventLog(laptop.events)
                tunnel.pod.send(control: "state active", to: "s1")
                tunnel.pod.send(control: "state passing", to: "s1")
                laptop.send(control: String(repeating: "x", count: 4096))
                laptop.send(control: String(repeating: "x", count: 4097))
                laptop.send(control: "two\nlines")
                laptop.send(control: "last")
                #expect(await laptopEvents.wait(for: .control("state passing")))
                #expect(await laptopEvents.events == [.control("state active"), .control("state passing")])
                #expect(await tunnel.podEvents.wait(for: .control("last", session: "s1")))
                let expected: [PodEvent] = [
                    .linkUp(session: "s1"), .control(String(repeating: "x", count: 4096), session: "s1"),
                    .control("last", session: "s1"),
                ]
                #expect(await tunnel.podEvents.events == expected)
            }
        }
    }
}

extension TestTunnel {
    /// Sends a request with FIN to the pod's port and returns the whole answer, or the error as text.
    func ask(_ request: String) async -> String {
        let port = self.port
        do {
            return try await blocking {
                let socket = try RawSocket.connect(port: port)
                defer { socket.close() }
                try socket.send(request)
                socket.finish()
                return text(try socket.receiveAll())
            }
        } catch {
            return "\(error)"
        }
    }
}
