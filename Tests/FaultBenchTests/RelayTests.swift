import FaultBench
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// The bad network itself, over loopback.
@Suite(.serialized, .timeLimit(.minutes(1))) struct RelayTests {
    private func withRelay(_ body: @escaping @Sendable (FaultRelay, RawSocket) throws -> Void) async throws {
        let server = try RawServer.echo()
        let relay = try FaultRelay(port: server.port)
        try await blocking {
            let socket = try RawSocket.connect(port: relay.port)
            try socket.send("hello")
            #expect(try socket.receive(exactly: 5) == Array("hello".utf8))
            try body(relay, socket)
        }
        relay.stop()
        server.stop()
    }

    private static func milliseconds(_ body: () throws -> Void) rethrows -> Double {
        try ContinuousClock().measure(body) / .milliseconds(1)
    }

    @Test("a delay is there both ways")
    func delay() async throws {
        try await withRelay { relay, socket in
            relay.weather.delay = .milliseconds(50)
            let time = try Self.milliseconds {
                try socket.send("a")
                #expect(try socket.receive(exactly: 1).count == 1)
            }
            #expect((100..<200).contains(time), "\(time)")
        }
    }

    @Test("bytes pass as slowly as was asked for, and all of them, in order, with jitter")
    func bandwidth() async throws {
        try await withRelay { relay, socket in
            relay.weather = FaultRelay.Weather(jitter: .milliseconds(5), bytesPerSecond: 1_000_000)
            let bytes = pattern(200_000)
            let time = try Self.milliseconds {
                try socket.send(bytes)
                #expect(try socket.receive(exactly: bytes.count) == bytes)
            }
            #expect((180..<1500).contains(time), "\(time)")
        }
    }

    @Test("in silence nothing passes, not even a FIN, and afterwards everything does")
    func silence() async throws {
        try await withRelay { relay, socket in
            relay.hold()
            try socket.send("late")
            socket.finish()
            var limit = timeval(tv_sec: 0, tv_usec: 300_000)
            setsockopt(socket.fd, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
            #expect(throws: RawSocketError.timedOut) { try socket.receive() }
            relay.release()
            limit = timeval(tv_sec: 5, tv_usec: 0)
            setsockopt(socket.fd, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
            #expect(try socket.receiveAll() == Array("late".utf8))
        }
    }

    @Test("what was frozen stays so, and new connections are free")
    func frozen() async throws {
        try await withRelay { relay, socket in
            relay.freeze()
            try socket.send("lost")
            var limit = timeval(tv_sec: 0, tv_usec: 300_000)
            setsockopt(socket.fd, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
            #expect(throws: RawSocketError.timedOut) { try socket.receive() }
            let other = try RawSocket.connect(port: relay.port)
            try other.send("new")
            #expect(try other.receive(exactly: 3) == Array("new".utf8))
            other.close()
            relay.reset()
        }
    }

    @Test("no program that is started gets a socket, or its peer would hear nothing of the end")
    func ownSockets() async throws {
        let server = try RawServer { socket in
            let flags = fcntl(socket.fd, F_GETFD)
            try socket.send([UInt8(flags & FD_CLOEXEC)])
            socket.close()
        }
        try await blocking {
            let socket = try RawSocket.connect(port: server.port)
            #expect(fcntl(socket.fd, F_GETFD) == FD_CLOEXEC)
            #expect(try socket.receiveAll() == [UInt8(FD_CLOEXEC)])
            socket.close()
        }
        server.stop()
    }

    @Test("a reset arrives as one, and a FIN as late as was asked for")
    func endings() async throws {
        try await withRelay { relay, socket in
            relay.reset()
            #expect(throws: RawSocketError.reset) { try socket.receive() }
        }
        try await withRelay { relay, socket in
            relay.weather.closeDelay = .milliseconds(100)
            let time = try Self.milliseconds {
                socket.finish()
                let rest = try socket.receiveAll()
                #expect(rest.isEmpty)
            }
            #expect((200..<500).contains(time), "\(time)")
        }
    }
}
