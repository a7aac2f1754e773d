import NIOCore
import NIOPosix
import Tunnel

/// Sends DNS messages to the pod's own name servers as they are: over UDP, and over TCP what came back truncated.
///
/// Lives on one event loop.
final class NameRelay {
    /// How long one server may take, in seconds; a resolver's default is 5.
    private static let attemptLimit = TimeAmount.milliseconds(1500)
    /// How often a query is sent at most, over UDP; servers are asked in turn.
    private static let attempts = 3
    /// The most queries that wait for an answer: 4,096, a sixteenth of the message ids there are.
    private static let maximumPending = 4096

    private let loop: any EventLoop
    private let servers: [SocketAddress]
    private var sockets: [Int: EventLoopFuture<any Channel>] = [:]
    private var pending: [UInt16: Pending] = [:]

    /// One query in flight.
    private struct Pending {
        var promise: EventLoopPromise<ByteBuffer>
        var limit: Scheduled<Void>
    }

    /// A relay to these servers, port included.
    init(servers: [SocketAddress], loop: any EventLoop) {
        self.loop = loop
        self.servers = servers
    }

    /// The answer to a message; fails with a `StreamRefusal`.
    func query(_ message: ByteBuffer) -> EventLoopFuture<ByteBuffer> {
        guard message.readableBytes >= 12, let id: UInt16 = message.getInteger(at: message.readerIndex) else {
            return self.refusal(400, "not a DNS message")
        }
        guard !self.servers.isEmpty else { return self.refusal(502, "the pod has no name server") }
        guard self.pending.count < NameRelay.maximumPending else { return self.refusal(503, "too many queries") }
        return self.attempt(message, number: 0).assumeIsolated().flatMap { answer in
            // TC is the second bit of the third byte's lower half (RFC 1035 §4.1.1).
            let flags: UInt8 = answer.getInteger(at: answer.readerIndex + 2) ?? 0
            return flags & 0x02 == 0 ? self.loop.makeSucceededFuture(answer) : self.overTCP(message)
        }.map { answer in
            var answer = answer
            answer.setInteger(id, at: answer.readerIndex)
            return answer
        }.nonisolated()
    }

    private func refusal(_ status: Int, _ reason: String) -> EventLoopFuture<ByteBuffer> {
        self.loop.makeFailedFuture(StreamRefusal(status: status, reason: reason))
    }

    // MARK: UDP

    private func attempt(_ message: ByteBuffer, number: Int) -> EventLoopFuture<ByteBuffer> {
        self.send(message, toServer: number % self.servers.count).assumeIsolated().flatMapError { error in
            let next = number + 1
            guard next < NameRelay.attempts else { return self.loop.makeFailedFuture(error) }
            return self.attempt(message, number: next)
        }.nonisolated()
    }

    private func send(_ message: ByteBuffer, toServer index: Int) -> EventLoopFuture<ByteBuffer> {
        self.socket(toServer: index).assumeIsolated().flatMap { channel in
            var id = UInt16.random(in: .min ... .max)
            while self.pending[id] != nil { id &+= 1 }
            let promise = self.loop.makePromise(of: ByteBuffer.self)
            let number = id
            let limit = self.loop.assumeIsolated().scheduleTask(in: NameRelay.attemptLimit) {
                self.fail(number, StreamRefusal(status: 504, reason: "the cluster's name server does not answer"))
            }
            self.pending[id] = Pending(promise: promise, limit: limit)
            var datagram = message
            datagram.setInteger(id, at: datagram.readerIndex)
            channel.writeAndFlush(datagram).assumeIsolated().whenFailure { _ in
                self.fail(number, StreamRefusal(status: 502, reason: "the cluster's name server is unreachable"))
            }
            return promise.futureResult
        }.nonisolated()
    }

    private func socket(toServer index: Int) -> EventLoopFuture<any Channel> {
        if let socket = self.sockets[index] { return socket }
        let bound = NIOLoopBound(self, eventLoop: self.loop)
        // The largest message there can be: what a smaller buffer cannot take would be cut.
        let socket = DatagramBootstrap(group: self.loop)
            .channelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: 65_535))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Datagrams(relay: bound.value))
                }
            }
            .connect(to: self.servers[index])
        self.sockets[index] = socket
        socket.assumeIsolated().whenComplete { result in
            switch result {
            case .success(let channel):
                channel.closeFuture.assumeIsolated().whenComplete { _ in self.sockets[index] = nil }
            case .failure: self.sockets[index] = nil
            }
        }
        return socket
    }

    /// An answer came over UDP; one that is not waited for is dropped.
    fileprivate func received(_ answer: ByteBuffer) {
        guard answer.readableBytes >= 12, let id: UInt16 = answer.getInteger(at: answer.readerIndex),
            let flags: UInt8 = answer.getInteger(at: answer.readerIndex + 2), flags & 0x80 != 0,
            let waiting = self.pending.removeValue(forKey: id)
        else { return }
        waiting.limit.cancel()
        waiting.promise.succeed(answer)
    }

    private func fail(_ id: UInt16, _ refusal: StreamRefusal) {
        guard let waiting = self.pending.removeValue(forKey: id) else { return }
        waiting.limit.cancel()
        waiting.promise.fail(refusal)
    }

    // MARK: TCP

    private func overTCP(_ message: ByteBuffer) -> EventLoopFuture<ByteBuffer> {
        let promise = self.loop.makePromise(of: ByteBuffer.self)
        var framed = ByteBuffer(integer: UInt16(truncatingIfNeeded: message.readableBytes))
        framed.writeImmutableBuffer(message)
        let reader = NIOLoopBound(LengthPrefixed(sending: framed, promise: promise), eventLoop: self.loop)
        let connecting = ClientBootstrap(group: self.loop)
            .connectTimeout(NameRelay.attemptLimit)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(reader.value)
                }
            }
            .connect(to: self.servers[0])
        connecting.whenFailure { _ in
            promise.fail(StreamRefusal(status: 502, reason: "the cluster's name server is unreachable over TCP"))
        }
        let limit = self.loop.scheduleTask(in: NameRelay.attemptLimit * 2) {
            promise.fail(StreamRefusal(status: 504, reason: "the cluster's name server does not answer over TCP"))
        }
        promise.futureResult.whenComplete { _ in
            limit.cancel()
            connecting.whenSuccess { $0.close(promise: nil) }
        }
        return promise.futureResult
    }
}

/// Hands datagrams over. Errors such as a refused port are the query's, which runs into its limit and is sent again.
private final class Datagrams: ChannelInboundHandler {
    typealias InboundIn = AddressedEnvelope<ByteBuffer>

    private let relay: NameRelay

    init(relay: NameRelay) {
        self.relay = relay
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        self.relay.received(self.unwrapInboundIn(data).data)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {}
}

/// One message there and one back over TCP (RFC 1035 §4.2.2).
private final class LengthPrefixed: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let request: ByteBuffer
    private let promise: EventLoopPromise<ByteBuffer>
    private var received = ByteBuffer()

    init(sending request: ByteBuffer, promise: EventLoopPromise<ByteBuffer>) {
        self.request = request
        self.promise = promise
    }

    func channelActive(context: ChannelHandlerContext) {
        context.writeAndFlush(self.wrapOutboundOut(self.request), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        self.received.writeImmutableBuffer(self.unwrapInboundIn(data))
        guard let length: UInt16 = self.received.getInteger(at: self.received.readerIndex), length >= 12,
            let answer = self.received.getSlice(at: self.received.readerIndex + 2, length: Int(length))
        else { return }
        self.promise.succeed(answer)
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.promise.fail(StreamRefusal(status: 502, reason: "the cluster's name server closed the connection"))
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
