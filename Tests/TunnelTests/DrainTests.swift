import FaultBench
import Foundation
import Testing

@testable import Tunnel

extension Loopback {
    @Suite("Draining")
    struct DrainTests {
        @Test("quiet connections get FIN, one in flight is left to its answer, new ones go to the origin")
        func drains() async throws {
            let local = try RawServer { socket in
                // A slow request is answered when the caller sends one byte more.
                if try socket.receive(exactly: 4) == Array("slow".utf8) { _ = try socket.receive(exactly: 1) }
                try socket.send("done")
                _ = try socket.receiveAll()
                socket.close()
            }
            let origin = try RawServer.named("origin")
            try await TestTunnel.with(local: local.port, origin: origin.port) { tunnel, _ in
                let port = tunnel.port
                let (idle, answered, slow) = try await blocking {
                    let idle = try RawSocket.connect(port: port)
                    let answered = try RawSocket.connect(port: port)
                    #expect(try answered.asks("fast") == "done")
                    let slow = try RawSocket.connect(port: port)
                    try slow.send("slow")
                    return (idle, answered, slow)
                }
                #expect(await eventually { tunnel.pod.tunnelledCount == 3 })
                let drained = Task { await tunnel.pod.drain(limit: .seconds(30)) }
                try await blocking {
                    // Both ended with FIN after a second of silence.
                    let (last, took) = try timed { try idle.receive() + answered.receive() }
                    #expect(last.isEmpty)
                    #expect(took > .milliseconds(500) && took < .seconds(5))
                    idle.close()
                    answered.close()
                }
                #expect(await tunnel.ask("new") == "origin:new")
                #expect(await eventually { tunnel.pod.connectionCount == 1 })
                try await blocking {
                    try slow.send("!")
                    #expect(text(try slow.receive(exactly: 4)) == "done")
                    #expect(try slow.receive().isEmpty)
                    slow.close()
                }
                await drained.value
                #expect(tunnel.pod.connectionCount == 0)
            }
        }

        @Test("a second drain does not take the time for late connections from the first")
        func twice() async throws {
            let (local, origin) = (try RawServer.named("local"), try RawServer.named("origin"))
            try await TestTunnel.with(local: local.port, origin: origin.port) { tunnel, _ in
                let begin = ContinuousClock.now
                let grace = Duration.milliseconds(700)
                let first = Task { await tunnel.pod.drain(limit: .seconds(30), lateConnectionGrace: grace) }
                // The first has begun: new connections go to the origin.
                while await tunnel.ask("x") != "origin:x" { await Task.yield() }
                await tunnel.pod.drain(limit: .seconds(30))
                await first.value
                #expect(ContinuousClock.now - begin >= grace)
            }
        }

        @Test("at the limit the rest is reset, so that a cut answer does not look complete")
        func limit() async throws {
            let local = try RawServer { socket in
                try socket.send("part")
                _ = try? socket.receiveAll()
                socket.close()
            }
            try await TestTunnel.with(local: local.port, origin: try closedPort()) { tunnel, _ in
                let port = tunnel.port
                let socket = try await blocking {
                    let socket = try RawSocket.connect(port: port)
                    #expect(text(try socket.receive(exactly: 4)) == "part")
                    try socket.send("and now?")
                    return socket
                }
                await tunnel.pod.drain(limit: .milliseconds(300))
                #expect(tunnel.pod.connectionCount == 0)
                try await blocking {
                    #expect(throws: RawSocketError.reset) { try socket.receiveAll() }
                    socket.close()
                }
            }
        }

        @Test("a stream whose bytes the tunnel is late with is not taken for quiet")
        func late() async throws {
            let local = try RawServer { socket in
                for _ in 0..<100 {
                    try socket.send(".")
                    usleep(30_000)
                }
                try socket.send("end")
                socket.close()
            }
            let tunnel = try await TestTunnel.pod(origin: try closedPort())
            let relay = try FaultRelay(port: tunnel.tunnelPort)
            let laptop = try await tunnel.laptop(local: local.port, through: relay.port)
            let port = tunnel.port
            let stream = try await blocking {
                let socket = try RawSocket.connect(port: port)
                _ = try socket.receive(exactly: 1)
                return socket
            }
            relay.weather = FaultRelay.Weather(delay: .milliseconds(1200))
            await tunnel.pod.drain(limit: .seconds(30))
            try await blocking {
                let answer = text(try stream.receiveAll())
                #expect(answer.hasSuffix("end"))
                stream.close()
            }
            await laptop.close()
            relay.stop()
            await tunnel.pod.shutdown()
        }

        @Test("a drain with nothing to drain returns at once, and shutting down closes the ports")
        func nothing() async throws {
            let tunnel = try await TestTunnel.pod(origin: try closedPort())
            await tunnel.pod.drain(limit: .seconds(30))
            await tunnel.pod.shutdown()
            let port = tunnel.port
            await #expect(throws: RawSocketError.self) { try await blocking { try RawSocket.connect(port: port) } }
        }
    }
}

extension RawSocket {
    /// Sends a request of four bytes and reads as many.
    func asks(_ request: String) throws -> String {
        try self.send(request)
        return text(try self.receive(exactly: 4))
    }
}
