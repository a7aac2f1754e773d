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
    }
}
