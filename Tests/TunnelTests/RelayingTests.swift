import Testing

@testable import Tunnel

@Suite("Bytes through the tunnel")
struct RelayingTests {
    @Test("a connection is answered by the local process and not by the origin")
    func answeredLocally() async throws {
        let local = try RawServer.named("local")
        let origin = try RawServer.named("origin")
        try await TestTunnel.with(local: local.port, origin: origin.port) { tunnel, _ in
            let answer = try await blocking {
                let socket = try RawSocket.connect(port: tunnel.port)
                try socket.send("hello")
                socket.finish()
                return try socket.receiveAll()
            }
            #expect(String(decoding: answer, as: UTF8.self) == "local:hello")
            #expect(tunnel.pod.tunnelledCount == 1)
        }
    }
}
