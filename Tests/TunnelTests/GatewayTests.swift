import FaultBench
import NIOCore
import NIOPosix
import Testing

@testable import Tunnel

extension Loopback {
    @Suite("A gateway")
    struct GatewayTests {
        @Test("FIN both ways and every byte arrive, the caller's end first")
        func callerEndsFirst() async throws {
            let answer = pattern(1_000_000)
            let server = try RawServer { socket in
                let request = try socket.receiveAll()
                try socket.send(request.count == 70_000 ? answer : [])
                socket.close()
            }
            try await TestGateway.with(ports: ["web:80": server.port]) { gateway in
                let got = try await blocking {
                    let socket = try RawSocket.connect(port: gateway.port)
                    defer { socket.close() }
                    try socket.send(pattern(70_000, seed: 2))
                    socket.finish()
                    return try socket.receiveAll()
                }
                #expect(got == answer)
                #expect(
                    await eventually { gateway.client.connectionCount == 0 && gateway.gateway.connectionCount == 0 })
            }
        }

        @Test("a server that speaks first, and ends first, is heard")
        func serverFirst() async throws {
            let upload = Captured<[UInt8]>()
            let server = try RawServer { socket in
                try socket.send("bye")
                socket.finish()
                upload.set(try socket.receiveAll())
                socket.close()
            }
            try await TestGateway.with(ports: ["web:80": server.port]) { gateway in
                let got = try await blocking {
                    let socket = try RawSocket.connect(port: gateway.port)
                    defer { socket.close() }
                    let answer = try socket.receiveAll()
                    try socket.send(pattern(300_000))
                    socket.finish()
                    return answer
                }
                #expect(text(got) == "bye")
                #expect(await upload.get() == pattern(300_000))
            }
        }

        @Test("a reset of the server resets the caller")
        func serverResets() async throws {
            let server = try RawServer { socket in
                _ = try socket.receive(exactly: 1)
                socket.reset()
            }
            try await TestGateway.with(ports: ["web:80": server.port]) { gateway in
                await #expect(throws: RawSocketError.reset) {
                    try await blocking {
                        let socket = try RawSocket.connect(port: gateway.port)
                        defer { socket.close() }
                        try socket.send("x")
                        _ = try socket.receiveAll()
                    }
                }
            }
        }

        @Test("a refusal arrives with its status and reason, printable")
        func refusals() async throws {
            try await TestGateway.with(ports: ["closed:80": closedPort()]) { gateway in
                #expect(await gateway.refusal(of: "db:5432") == StreamRefusal(status: 403, reason: "no db:5432"))
                #expect(
                    await gateway.refusal(of: "closed:80") == StreamRefusal(status: 502, reason: "connection refused"))
                #expect(gateway.client.connectionCount == 0)
            }
        }

        @Test("messages are answered, long and short ones, many at once")
        func messages() async throws {
            try await TestGateway.with(ports: [:]) { gateway in
                let lengths = [12, 512, 4096, 65_535]
                let futures = (0..<200).map {
                    gateway.client.ask(ByteBuffer(bytes: pattern(lengths[$0 % 4], seed: UInt64($0))))
                }
                for (number, future) in futures.enumerated() {
                    let answer = try await future.get()
                    #expect(Array(answer.readableBytesView) == pattern(lengths[number % 4], seed: UInt64(number)))
                }
            }
        }

        @Test("a message that is not answered fails with the reason, and one that is too long, too")
        func failedMessages() async throws {
            let answer: @Sendable (ByteBuffer) -> EventLoopFuture<ByteBuffer> = { message in
                let loop = MultiThreadedEventLoopGroup.singleton.any()
                if message.readableBytes == 13 {
                    return loop.makeSucceededFuture(ByteBuffer(repeating: 0, count: 70_000))
                }
                return loop.makeFailedFuture(StreamRefusal(status: 504, reason: "no answer"))
            }
            try await TestGateway.with(ports: [:], answer: answer) { gateway in
                await #expect(throws: StreamRefusal(status: 504, reason: "no answer")) {
                    try await gateway.client.ask(ByteBuffer(repeating: 0, count: 12)).get()
                }
                await #expect(throws: StreamRefusal(status: 502, reason: "the answer is too long")) {
                    try await gateway.client.ask(ByteBuffer(repeating: 0, count: 13)).get()
                }
                await #expect(throws: StreamRefusal(status: 413, reason: "the message is too long")) {
                    try await gateway.client.ask(ByteBuffer(repeating: 0, count: 65_536)).get()
                }
            }
        }

        @Test("a gateway that has gone fails what is asked of it, at once")
        func gone() async throws {
            let loop = MultiThreadedEventLoopGroup.singleton.any()
            let never = loop.makePromise(of: ByteBuffer.self)
            try await TestGateway.with(ports: [:], answer: { _ in never.futureResult }) { gateway in
                let waiting = gateway.client.ask(ByteBuffer(repeating: 0, count: 12))
                _ = try await gateway.client.ping()
                await gateway.gateway.shutdown()
                await #expect(throws: StreamRefusal.lost) { try await waiting.get() }
                #expect(await eventuallyRefused(gateway))
            }
            never.fail(StreamRefusal.lost)
        }

        private func eventuallyRefused(_ gateway: TestGateway) async -> Bool {
            await gateway.refusal(of: "web:80")?.status == StreamRefusal.noLinkStatus
        }

        @Test("two ends that want to play the same side of HTTP/2 refuse each other")
        func sameSide() async throws {
            let tunnel = try await TestTunnel.pod(origin: closedPort())
            await #expect(throws: TunnelError.self) {
                _ = try await GatewayClient.connect(
                    host: "127.0.0.1", port: tunnel.tunnelPort, identity: tunnel.identity, timeout: .seconds(10),
                    loop: MultiThreadedEventLoopGroup.singleton.next(), logger: TestTunnel.logger)
            }
            await tunnel.pod.shutdown()
        }
    }
}
