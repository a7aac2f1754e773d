import NIOCore
import NIOPosix

/// One query to one server, on a socket of its own: another source port each time makes forged responses harder
/// (RFC 5452 §4.5), and a refusal of the port is heard at once.
final class ForwardedQuery: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let query: DNSMessage
    private let promise: EventLoopPromise<[UInt8]>

    private init(query: DNSMessage, promise: EventLoopPromise<[UInt8]>) {
        self.query = query
        self.promise = promise
    }

    /// Sends a query and waits for its response.
    static func send(
        _ bytes: [UInt8], to server: SocketAddress, isStream: Bool, _ timeout: Duration,
        on group: any EventLoopGroup
    ) async throws -> [UInt8] {
        let query = try DNSMessage(decoding: bytes)
        let loop = group.next()
        let promise = loop.makePromise(of: [UInt8].self)
        let limit = TimeAmount.nanoseconds(Int64(timeout / .nanoseconds(1)))
        let deadline = loop.scheduleTask(in: limit) { promise.fail(NameServerError.noAnswer) }
        let channel: any Channel
        do {
            if isStream {
                channel = try await ClientBootstrap(group: loop).connectTimeout(limit)
                    .channelInitializer { channel in
                        channel.eventLoop.makeCompletedFuture {
                            let operations = channel.pipeline.syncOperations
                            try operations.addHandler(ByteToMessageHandler(MessageFrames()))
                            try operations.addHandler(ForwardedQuery(query: query, promise: promise))
                        }
                    }.connect(to: server).get()
            } else {
                channel = try await DatagramBootstrap(group: loop)
                    .channelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: 65_535))
                    .channelInitializer { channel in
                        channel.eventLoop.makeCompletedFuture {
                            let operations = channel.pipeline.syncOperations
                            try operations.addHandler(DatagramPayload())
                            try operations.addHandler(ForwardedQuery(query: query, promise: promise))
                        }
                    }.connect(to: server).get()
            }
        } catch {
            promise.fail(error)
            deadline.cancel()
            throw error
        }
        if isStream {
            channel.writeAndFlush(MessageFrames.framed(bytes, channel.allocator)).cascadeFailure(to: promise)
        } else {
            let envelope = AddressedEnvelope(remoteAddress: server, data: channel.allocator.buffer(bytes: bytes))
            channel.writeAndFlush(envelope).cascadeFailure(to: promise)
        }
        let result = await promise.futureResult.asResult()
        deadline.cancel()
        channel.close(promise: nil)
        return try result.get()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = Array(self.unwrapInboundIn(data).readableBytesView)
        // Anyone may send a datagram; only a response to this very query ends the waiting.
        guard let response = try? DNSMessage(decoding: bytes), response.answers(self.query) else { return }
        self.promise.succeed(bytes)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        self.promise.fail(error)
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.promise.fail(NameServerError.noAnswer)
    }
}

/// Takes the address off a datagram that comes in.
private final class DatagramPayload: ChannelInboundHandler {
    typealias InboundIn = AddressedEnvelope<ByteBuffer>
    typealias InboundOut = ByteBuffer

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        context.fireChannelRead(self.wrapInboundOut(self.unwrapInboundIn(data).data))
    }
}

extension EventLoopFuture where Value: Sendable {
    /// The outcome, without throwing.
    fileprivate func asResult() async -> Result<Value, any Error> {
        do { return .success(try await self.get()) } catch { return .failure(error) }
    }
}
