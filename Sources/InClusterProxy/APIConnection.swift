import Kubernetes
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// One TLS connection to the API server, for one exchange at a time.
final class APIConnection: Sendable {
    /// The parts of one answer, in order; ends behind the last.
    typealias Answer = AsyncThrowingStream<HTTPClientResponsePart, any Error>

    private let channel: any Channel

    /// How long a connection may take to come up, in seconds.
    private static let connectLimit = TimeAmount.seconds(5)
    /// The longest silence within an answer, in seconds: the server itself ends a watch after 240.
    private static let readLimit = TimeAmount.seconds(300)

    /// Connects; the server's certificate has to carry the host's address.
    static func open(
        host: String, port: Int, tls: NIOSSLContext, group: any EventLoopGroup
    ) async throws -> APIConnection {
        let channel = try await ClientBootstrap(group: group)
            .connectTimeout(Self.connectLimit)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    // An address is no server name (RFC 6066 §3): NIOSSL then checks the certificate's addresses.
                    let handler = try NIOSSLClientHandler(context: tls, serverHostname: nil)
                    try channel.pipeline.syncOperations.addHandlers([
                        handler, IdleStateHandler(readTimeout: Self.readLimit),
                    ])
                    try channel.pipeline.syncOperations.addHTTPClientHandlers()
                    try channel.pipeline.syncOperations.addHandler(ExchangeHandler())
                }
            }
            .connect(host: host, port: port).get()
        return APIConnection(channel: channel)
    }

    private init(channel: any Channel) {
        self.channel = channel
    }

    /// Whether another exchange may be tried on it.
    var isOpen: Bool { self.channel.isActive }

    /// Sends a request. Ending the iteration early closes the connection.
    func exchange(_ head: HTTPRequestHead, body: [UInt8]?) -> Answer {
        let (answer, continuation) = Answer.makeStream()
        let channel = self.channel
        continuation.onTermination = { reason in
            if case .cancelled = reason { channel.close(promise: nil) }
        }
        channel.eventLoop.execute {
            do {
                try channel.pipeline.syncOperations.handler(type: ExchangeHandler.self).begin(continuation)
            } catch {
                return continuation.finish(throwing: error)
            }
            channel.write(HTTPClientRequestPart.head(head), promise: nil)
            if let body {
                channel.write(HTTPClientRequestPart.body(.byteBuffer(ByteBuffer(bytes: body))), promise: nil)
            }
            channel.writeAndFlush(HTTPClientRequestPart.end(nil), promise: nil)
        }
        return answer
    }

    /// Closes the connection.
    func close() {
        self.channel.close(promise: nil)
    }
}

/// Hands the parts of an answer to the reader of the exchange.
private final class ExchangeHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart

    private var continuation: APIConnection.Answer.Continuation?

    func begin(_ continuation: APIConnection.Answer.Continuation) {
        self.continuation = continuation
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let part = self.unwrapInboundIn(data)
        self.continuation?.yield(part)
        if case .end = part { self.finish() }
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.finish(throwing: ChannelError.eof)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is IdleStateHandler.IdleStateEvent { context.close(promise: nil) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        self.finish(throwing: error)
        context.close(promise: nil)
    }

    private func finish(throwing error: (any Error)? = nil) {
        let continuation = self.continuation
        self.continuation = nil
        continuation?.finish(throwing: error)
    }
}
