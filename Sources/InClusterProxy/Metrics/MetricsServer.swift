import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// Answers `GET /metrics`, to anybody who can reach the pod: there are counts in it, and no names.
struct MetricsServer: Sendable {
    private let channel: any Channel

    /// How long a client has.
    private static let limit = TimeAmount.seconds(10)
    /// Clients at once; one more is closed at once. The proxy's memory and files are its callers'.
    private static let most = 16
    /// Clients that are waiting to be accepted.
    private static let backlog: Int32 = 16

    /// Listens on every address.
    ///
    /// - Parameter text: What is answered.
    static func start(
        port: Int, group: any EventLoopGroup, text: @escaping @Sendable () async -> String
    ) async throws -> MetricsServer {
        let count = Count()
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: Self.backlog)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.maxMessagesPerRead, value: 1)
            .childChannelInitializer { channel in
                channel.closeFuture.whenComplete { _ in count.value.subtract(1, ordering: .relaxed) }
                guard count.value.add(1, ordering: .relaxed).newValue <= Self.most else { return channel.close() }
                let deadline = channel.eventLoop.scheduleTask(in: Self.limit) { channel.close(promise: nil) }
                channel.closeFuture.whenComplete { _ in deadline.cancel() }
                return channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.configureHTTPServerPipeline(withErrorHandling: true)
                    try pipeline.addHandler(Handler(text: text))
                }
            }
        return MetricsServer(channel: try await bootstrap.bind(host: "::", port: port).get())
    }

    /// Clients that are connected.
    private final class Count: Sendable {
        let value = Atomic<Int>(0)
    }

    /// The port that was bound.
    var port: Int { self.channel.localAddress?.port ?? 0 }

    /// Listens no more.
    func shutdown() async { try? await self.channel.close() }

    /// One connection, one request: then it is closed.
    private final class Handler: ChannelInboundHandler, RemovableChannelHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart

        private let text: @Sendable () async -> String
        private var isAnswered = false

        init(text: @escaping @Sendable () async -> String) {
            self.text = text
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            guard case .head(let head) = self.unwrapInboundIn(data), !self.isAnswered else { return }
            self.isAnswered = true
            let path = head.uri.prefix { $0 != "?" }
            guard head.method == .GET || head.method == .HEAD, path == "/metrics" else {
                return self.answer(context.channel, path == "/metrics" ? .methodNotAllowed : .notFound, "")
            }
            let (channel, isHead) = (context.channel, head.method == .HEAD)
            let text = self.text
            let promise = context.eventLoop.makePromise(of: String.self)
            promise.completeWithTask { await text() }
            promise.futureResult.assumeIsolated().whenSuccess { self.answer(channel, .ok, isHead ? "" : $0) }
        }

        private func answer(_ channel: any Channel, _ status: HTTPResponseStatus, _ text: String) {
            let headers: HTTPHeaders = [
                "content-type": "text/plain; version=0.0.4; charset=utf-8", "content-length": "\(text.utf8.count)",
                "connection": "close",
            ]
            channel.write(
                HTTPServerResponsePart.head(.init(version: .http1_1, status: status, headers: headers)), promise: nil)
            channel.write(HTTPServerResponsePart.body(.byteBuffer(ByteBuffer(string: text))), promise: nil)
            channel.writeAndFlush(HTTPServerResponsePart.end(nil)).whenComplete { _ in channel.close(promise: nil) }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }
}
