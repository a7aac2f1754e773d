import NIOCore

/// Joins HTTP/2's handler to a pipe: both are in the pipe's channel, and what the one reads and writes is the other's.
final class HTTP2Carrier: ChannelDuplexHandler {
    typealias InboundIn = Never
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = IOData
    typealias OutboundOut = Never

    private let pipe: any BytePipe
    private var context: ChannelHandlerContext?
    /// Whether the channel reads all that comes, as that of a stream does.
    private var readsByItself = true
    /// Whether the library has said GOAWAY.
    private(set) var saidGoAway = false
    /// Whether the next write is what a DATA frame has, whose header comes by itself.
    private var payloadFollows = false
    /// Told how many bytes were written.
    private let wrote: (Int) -> Void

    init(pipe: any BytePipe, wrote: @escaping (Int) -> Void) {
        self.pipe = pipe
        self.wrote = wrote
    }

    /// Bytes came over the pipe.
    func received(_ bytes: ByteBuffer) { self.context?.fireChannelRead(self.wrapInboundOut(bytes)) }

    /// No more are available for now.
    func readComplete() { self.context?.fireChannelReadComplete() }

    /// The pipe takes more, or less, than before.
    func writabilityChanged() { self.context?.fireChannelWritabilityChanged() }

    /// The pipe is over: so are all streams.
    func end() {
        let context = self.context
        self.context = nil
        context?.fireChannelInactive()
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        self.readsByItself = (try? context.channel.syncOptions?.getOption(.autoRead)) ?? true
    }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard case .byteBuffer(let bytes) = self.unwrapOutboundIn(data) else { return promise?.succeed() ?? () }
        self.look(at: bytes)
        self.wrote(bytes.readableBytes)
        self.pipe.write(bytes, sent: promise.map { promise in { promise.succeed() } })
    }

    /// Each frame is a write, or two (HTTP2ChannelHandler.encodeAndWriteFrame).
    private func look(at bytes: ByteBuffer) {
        guard !self.payloadFollows else { return self.payloadFollows = false }
        let type = bytes.getInteger(at: bytes.readerIndex + 3, as: UInt8.self)
        self.payloadFollows = type == 0
        if type == 7 { self.saidGoAway = true }
    }

    func flush(context: ChannelHandlerContext) { self.pipe.flush() }

    /// Streams ask for it all the time. When a socket is read is its pipe's business.
    func read(context: ChannelHandlerContext) { if self.readsByItself { context.read() } }
}
