import NIOCore
import NIOHPACK
import NIOHTTP2
import NIOPosix
import Synchronization

/// A server that speaks HTTP/2, and does what a request's path says.
final class HTTP2Server: Sendable {
    let port: Int
    private let channel: any Channel
    private let connections = Mutex<[any Channel]>([])
    private let requests = Atomic<Int>(0)

    /// How many requests have come.
    var requestCount: Int { self.requests.load(ordering: .relaxed) }

    /// Waits until so many have.
    func has(requests count: Int) async -> Bool { await eventually { self.requestCount >= count } }

    private init(_ channel: any Channel) {
        self.channel = channel
        self.port = channel.localAddress?.port ?? 0
    }

    /// - Parameters:
    ///   - name: The first word of each answer's body.
    ///   - streams: How many requests it takes at once.
    static func start(_ name: String, streams: Int = 100) async throws -> HTTP2Server {
        let accepted = Box()
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                accepted.server.withLock { $0?.connections.withLock { $0.append(channel) } }
                var configuration = NIOHTTP2Handler.ConnectionConfiguration()
                configuration.maximumConnectionGlitches = .max
                configuration.initialSettings = [HTTP2Setting(parameter: .maxConcurrentStreams, value: streams)]
                return channel.configureHTTP2Pipeline(
                    mode: .server, connectionConfiguration: configuration, streamConfiguration: .init()
                ) { stream in
                    stream.eventLoop.makeCompletedFuture {
                        let server = accepted.server.withLock { $0 }
                        server?.requests.add(1, ordering: .relaxed)
                        try stream.pipeline.syncOperations.addHandler(Answerer(name))
                    }
                }.map { _ in }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let server = HTTP2Server(channel)
        accepted.server.withLock { $0 = server }
        return server
    }

    /// Takes no more connections, and closes those that are there.
    func stop() async throws {
        try await self.channel.close()
        for connection in self.connections.withLock({ $0 }) { try? await connection.close() }
    }

    /// Says on each connection that it takes no more requests, and has looked at none of those that are under way.
    func leave() {
        for connection in self.connections.withLock({ $0 }) {
            let frame = HTTP2Frame(
                streamID: .rootStream, payload: .goAway(lastStreamID: .rootStream, errorCode: .noError, opaqueData: nil)
            )
            connection.writeAndFlush(frame, promise: nil)
        }
    }

    /// Says on each connection that none should begin, and takes those that do.
    func leaveSoon() async throws {
        for connection in self.connections.withLock({ $0 }) {
            try await connection.eventLoop.submit {
                let bytes = ByteBuffer(bytes: [0, 0, 8, 7, 0, 0, 0, 0, 0, 0x7F, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0])
                // Past the library, which would refuse them.
                let context = try connection.pipeline.syncOperations.context(handlerType: NIOHTTP2Handler.self)
                context.writeAndFlush(NIOAny(IOData.byteBuffer(bytes)), promise: nil)
            }.get()
        }
    }

    /// What an answer says of a body: of each 97th byte, so that large ones are no work.
    static func sum(_ body: ByteBuffer) -> Int {
        stride(from: 0, to: body.readableBytes, by: 97).reduce(into: 0) { sum, index in
            sum = (sum &* 31 &+ Int(body.getInteger(at: index, as: UInt8.self) ?? 0)) & 0xFFFF_FFFF
        }
    }

    private final class Box: Sendable {
        let server = Mutex<HTTP2Server?>(nil)
    }

    private final class Answerer: ChannelInboundHandler {
        typealias InboundIn = HTTP2Frame.FramePayload
        typealias OutboundOut = HTTP2Frame.FramePayload

        private let name: String
        private var path = ""
        private var body = ByteBuffer()
        private var trailers: HPACKHeaders?

        init(_ name: String) { self.name = name }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch self.unwrapInboundIn(data) {
            case .headers(let frame):
                if let path = frame.headers.first(name: ":path") {
                    self.path = path
                } else {
                    self.trailers = frame.headers
                }
                if self.path == "/caller" {
                    let names = ["forwarded", "x-forwarded-for"]
                    self.body = ByteBuffer(string: names.map { frame.headers[$0].first ?? "-" }.joined(separator: " "))
                }
                if self.path == "/early" { self.head(context, "413", ends: true) }
                if self.path == "/refused" {
                    self.head(context, "200", ends: false)
                    self.send(context, .data(.init(data: .byteBuffer(ByteBuffer(repeating: 7, count: 200_000)))))
                    let trailers = HTTP2Frame.FramePayload.headers(
                        .init(headers: ["grpc-status": "3"], endStream: true))
                    let channel = context.channel
                    // Behind what is on its way, or it would never go.
                    channel.writeAndFlush(trailers).whenComplete { _ in
                        channel.writeAndFlush(HTTP2Frame.FramePayload.rstStream(.noError), promise: nil)
                    }
                }
                if self.path == "/reset" { self.send(context, .rstStream(.enhanceYourCalm)) }
                if frame.endStream { self.answer(context) }
            case .data(let frame):
                if case .byteBuffer(let bytes) = frame.data { self.body.writeImmutableBuffer(bytes) }
                if frame.endStream { self.answer(context) }
            default: break
            }
        }

        private func answer(_ context: ChannelHandlerContext) {
            switch self.path {
            case "/hang", "/early", "/reset", "/refused": return
            case "/half":
                self.head(context, "200", ends: false)
                self.send(context, .data(.init(data: .byteBuffer(ByteBuffer(string: "\(self.name) half")))))
                // Behind what is on its way, or it would never go.
                let channel = context.channel
                context.eventLoop.execute {
                    channel.writeAndFlush(HTTP2Frame.FramePayload.rstStream(.internalError), promise: nil)
                }
            case "/big":
                self.head(context, "200", ends: false)
                let bytes = ByteBuffer(string: "\(self.name) ")
                self.send(context, .data(.init(data: .byteBuffer(bytes))))
                self.send(
                    context,
                    .data(.init(data: .byteBuffer(ByteBuffer(repeating: 7, count: 8_000_000)), endStream: true)))
            case "/caller":
                self.head(context, "200", ends: false)
                let text = ByteBuffer(string: "\(self.name) \(String(buffer: self.body))")
                self.send(context, .data(.init(data: .byteBuffer(text), endStream: true)))
            case "/interim":
                self.head(context, "103", ends: false)
                fallthrough
            default:
                self.head(context, "200", ends: false)
                let sum = HTTP2Server.sum(self.body)
                let text =
                    "\(self.name) \(self.path) \(self.body.readableBytes) \(sum) \(self.trailers?.first(name: "x-sum") ?? "-")"
                self.send(context, .data(.init(data: .byteBuffer(ByteBuffer(string: text)))))
                self.send(context, .headers(.init(headers: ["grpc-status": "0"], endStream: true)))
                guard self.path == "/last", let connection = context.channel.parent else { return }
                context.eventLoop.execute { connection.close(promise: nil) }
            }
        }

        private func head(_ context: ChannelHandlerContext, _ status: String, ends: Bool) {
            let headers: HPACKHeaders = [":status": status, "set-cookie": "a=1", "x-who": self.name]
            self.send(context, .headers(.init(headers: headers, endStream: ends)))
        }

        private func send(_ context: ChannelHandlerContext, _ payload: HTTP2Frame.FramePayload) {
            context.writeAndFlush(self.wrapOutboundOut(payload), promise: nil)
        }
    }
}
