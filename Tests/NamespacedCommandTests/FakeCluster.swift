import NIOCore
import NIOPosix
import Names

/// A cluster in this process: `web` is 192.0.2.7, which says where it was reached and sends the first line back; `refused`
/// is 192.0.2.8, which refuses.
final class FakeCluster: ClusterDialer, NameUpstream {
    let eventLoop: any EventLoop = MultiThreadedEventLoopGroup.singleton.next()
    /// What the network tells the user.
    let (told, notices) = AsyncStream.makeStream(of: String.self)
    /// Connections that came.
    let (connected, connections) = AsyncStream.makeStream(of: String.self)

    func answer(to query: [UInt8]) async throws -> [UInt8] {
        let query = try DNSMessage(decoding: query)
        let question = query.questions[0]
        let known: UInt32? =
            switch "\(question.name)" {
            case "web.shop.svc.cluster.local.": 0xC000_0207
            case "refused.shop.svc.cluster.local.": 0xC000_0208
            default: nil
            }
        var response = query.response(known == nil ? .nameError : .success)
        if let known, question.type == .a {
            response.answers = [
                DNSRecord(name: question.name, timeToLive: 5, data: .a(IPv4Address(rawValue: known)))
            ]
        }
        return try response.encode()
    }

    func connect(_ channel: any Channel, to host: String, port: Int) async throws(ClusterDialError) {
        guard host == "192.0.2.7" else { throw ClusterDialError(code: .refused, reason: "connection refused") }
        self.connections.yield("\(host):\(port)")
        let greeting = ByteBuffer(string: "\(host) \(port) ")
        do {
            try await channel.eventLoop.submit {
                try channel.pipeline.syncOperations.addHandler(Echo())
            }.get()
            try await channel.writeAndFlush(greeting)
            try await channel.setOption(.autoRead, value: true).get()
        } catch {
            throw ClusterDialError(code: .unreachable, reason: "\(error)")
        }
    }

    private final class Echo: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            context.writeAndFlush(data, promise: nil)
        }

        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            if let event = event as? ChannelEvent, event == .inputClosed { context.close(promise: nil) }
        }
    }
}
