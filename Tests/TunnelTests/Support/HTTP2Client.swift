import NIOCore
import NIOHPACK
import NIOHTTP2
import NIOPosix

/// A caller's connection that speaks HTTP/2.
final class HTTP2Client: Sendable {
    private let channel: any Channel
    private let multiplexer: NIOHTTP2Handler.StreamMultiplexer

    private init(_ channel: any Channel, _ multiplexer: NIOHTTP2Handler.StreamMultiplexer) {
        self.channel = channel
        self.multiplexer = multiplexer
    }

    static func connect(port: Int) async throws -> HTTP2Client {
        let bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        let channel = try await bootstrap.connect(host: "127.0.0.1", port: port).get()
        // It may say what no honest client does.
        var configuration = NIOHTTP2Handler.ConnectionConfiguration()
        configuration.headerBlockValidation = .disabled
        let multiplexer = try await channel.configureHTTP2Pipeline(
            mode: .client, connectionConfiguration: configuration, streamConfiguration: .init()
        ) { $0.eventLoop.makeFailedFuture(ChannelError.operationUnsupported) }.get()
        return HTTP2Client(channel, multiplexer)
    }

    var closed: EventLoopFuture<Void> { self.channel.closeFuture }

    /// Reads on, or no more.
    func read(_ isReading: Bool) async throws {
        try await self.channel.setOption(.autoRead, value: isReading).get()
        if isReading { self.channel.read() }
    }

    func close() async throws { try await self.channel.close() }

    /// A request that is under way.
    struct Request: Sendable {
        let stream: any Channel
        let answer: EventLoopFuture<HTTP2Answer>

        /// Sends a piece of the body.
        func send(_ body: ByteBuffer, ends: Bool) {
            self.stream.writeAndFlush(
                HTTP2Frame.FramePayload.data(.init(data: .byteBuffer(body), endStream: ends)), promise: nil)
        }

        func send(trailers: HPACKHeaders) {
            self.stream.writeAndFlush(
                HTTP2Frame.FramePayload.headers(.init(headers: trailers, endStream: true)), promise: nil)
        }

        func reset(_ code: HTTP2ErrorCode) {
            self.stream.writeAndFlush(HTTP2Frame.FramePayload.rstStream(code), promise: nil)
        }
    }

    /// Begins a request.
    func begin(
        _ path: String, user: String, ends: Bool = false, fields: [(String, String)] = []
    ) async throws -> Request {
        let promise = self.channel.eventLoop.makePromise(of: HTTP2Answer.self)
        let stream = try await self.multiplexer.createStreamChannel { channel in
            channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addHandler(Reader(promise))
            }
        }.get()
        let headers = HPACKHeaders(
            [
                (":method", "POST"), (":scheme", "http"), (":authority", "web"), (":path", path), ("x-user", user),
            ] + fields)
        stream.writeAndFlush(HTTP2Frame.FramePayload.headers(.init(headers: headers, endStream: ends)), promise: nil)
        return Request(stream: stream, answer: promise.futureResult)
    }

    /// Asks.
    func ask(_ user: String, _ path: String = "/", body: ByteBuffer = ByteBuffer()) async throws -> HTTP2Answer {
        let request = try await self.begin(path, user: user, ends: body.readableBytes == 0)
        if body.readableBytes > 0 { request.send(body, ends: true) }
        return try await request.answer.get()
    }

    private final class Reader: ChannelInboundHandler {
        typealias InboundIn = HTTP2Frame.FramePayload

        private let promise: EventLoopPromise<HTTP2Answer>
        private var answer = HTTP2Answer()

        init(_ promise: EventLoopPromise<HTTP2Answer>) { self.promise = promise }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch self.unwrapInboundIn(data) {
            case .headers(let frame):
                let isHead = frame.headers.contains(name: ":status")
                if isHead { self.answer.heads.append(frame.headers) } else { self.answer.trailers = frame.headers }
                self.answer.hasEnded = frame.endStream
            case .data(let frame):
                if case .byteBuffer(let bytes) = frame.data { self.answer.body.writeImmutableBuffer(bytes) }
                self.answer.hasEnded = frame.endStream
            default: break
            }
            if self.answer.hasEnded { self.promise.succeed(self.answer) }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            if let error = error as? NIOHTTP2Errors.StreamClosed { self.answer.code = error.errorCode }
        }

        func channelInactive(context: ChannelHandlerContext) { self.promise.succeed(self.answer) }
    }
}
