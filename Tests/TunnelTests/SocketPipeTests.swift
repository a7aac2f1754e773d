import FaultBench
import NIOCore
import NIOPosix
import Testing

@testable import Tunnel

extension Loopback {
    @Suite("A socket as a pipe")
    struct SocketPipeTests {
        /// Answers the peer's FIN with so many bytes, all at once, and FIN.
        final class Answerer: BytePipeOwner {
            let byteCount: Int
            init(byteCount: Int) { self.byteCount = byteCount }
            func pipe(_ pipe: any BytePipe, received bytes: ByteBuffer) {}
            func pipeReadComplete(_ pipe: any BytePipe) {}
            func pipeEnded(_ pipe: any BytePipe) {
                pipe.write(ByteBuffer(repeating: 7, count: self.byteCount))
                pipe.finish()
            }
            func pipeFailed(_ pipe: any BytePipe) {}
            func pipeWritabilityChanged(_ pipe: any BytePipe) {}
        }

        @Test("FIN waits for everything before it, though the peer has ended already")
        func finishAfterEnd() async throws {
            let byteCount = 20_000_000
            let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .childChannelOption(.autoRead, value: false)
                .childChannelOption(.allowRemoteHalfClosure, value: true)
                .childChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        let pipe = SocketPipe()
                        pipe.owner = Answerer(byteCount: byteCount)
                        try channel.pipeline.syncOperations.addHandler(pipe)
                        pipe.setReading(true)
                    }
                }
                .bind(host: "127.0.0.1", port: 0).get()
            let port = try #require(listener.localAddress?.port)
            let got = try await blocking {
                let socket = try RawSocket.connect(port: port)
                defer { socket.close() }
                socket.finish()
                return try socket.receiveAll().count
            }
            #expect(got == byteCount)
            try await listener.close()
        }

        /// Has answered with so many bytes, all at once, and has no upstream any more.
        private final class Answered: Forwarder {
            weak var connection: PodConnection?
            let session: String? = nil
            let passesThrough = false
            let readsRequests = true
            let standing = HTTP1Exchange.Standing.answered
            var endsBehindAnswers = false
            let holdsBytes: Bool? = false
            private let caller: SocketPipe
            private let byteCount: Int

            init(caller: SocketPipe, byteCount: Int) { (self.caller, self.byteCount) = (caller, byteCount) }

            func start() {
                self.caller.write(ByteBuffer(repeating: 7, count: self.byteCount))
                self.caller.flush()
                self.connection?.end()
            }
            func callerSent(_ bytes: ByteBuffer) {}
            func callerEnded() {}
            func callerReadComplete() {}
            func callerWritabilityChanged() {}
            func finish() -> Bool { false }
            func reset() {}
        }

        @Test("a connection that ends behind its last answer lets the caller have all of it")
        func endBehindAnswer() async throws {
            let byteCount = 20_000_000
            let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .childChannelOption(.autoRead, value: false)
                .childChannelOption(.allowRemoteHalfClosure, value: true)
                .childChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        let pipe = SocketPipe()
                        let core = PodCore(
                            loop: channel.eventLoop, identity: PodIdentity(software: "1"), sessions: [], ports: [],
                            tunnelPort: 0, timing: TestTunnel.patient, counts: ConnectionCounts(),
                            passThrough: PassThroughSwitch(), files: 1024, logger: TestTunnel.logger, report: { _ in })
                        let port = ProxyPort(listenPort: 0, route: "web:80", originHost: "127.0.0.1", originPort: 1)
                        let connection = PodConnection(
                            id: 1, port: port, caller: pipe, forwarder: Answered(caller: pipe, byteCount: byteCount),
                            core: core)
                        try channel.pipeline.syncOperations.addHandler(pipe)
                        connection.start()
                    }
                }
                .bind(host: "127.0.0.1", port: 0).get()
            let port = try #require(listener.localAddress?.port)
            let got = try await blocking {
                let socket = try RawSocket.connect(port: port)
                defer { socket.close() }
                return try socket.receiveAll().count
            }
            #expect(got == byteCount)
            try await listener.close()
        }
    }
}
