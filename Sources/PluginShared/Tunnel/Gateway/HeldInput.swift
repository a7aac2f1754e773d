public import NIOCore

/// Keeps what an accepted socket sends while the gateway connects: last in its pipeline.
///
/// Needed although nothing reads: at the peer's FIN NIO reads all that is there by itself (BaseSocketChannel.readEOF0), and
/// would drop it at the pipeline's end.
public final class HeldInput: ChannelInboundHandler, RemovableChannelHandler {
    /// What the socket read.
    public typealias InboundIn = ByteBuffer
    /// The same, later.
    public typealias InboundOut = ByteBuffer

    /// The bytes; as many as the kernel's receive buffer takes.
    public private(set) var bytes = ByteBuffer()
    /// Whether the peer's FIN has come.
    public private(set) var hasEnded = false

    /// A handler that holds nothing yet.
    public init() {}

    /// Keeps the bytes.
    public func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        self.bytes.writeImmutableBuffer(self.unwrapInboundIn(data))
    }

    /// Nobody else is to hear of it yet.
    public func channelReadComplete(context: ChannelHandlerContext) {}

    /// Remembers the peer's FIN.
    public func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let event = event as? ChannelEvent, event == .inputClosed { self.hasEnded = true }
    }

    /// Ends the connection: there is nobody to tell.
    public func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    /// Lets the pipeline's next handlers have what was held; this one is to be removed behind it.
    public func release(in channel: any Channel) throws {
        let context = try channel.pipeline.syncOperations.context(handler: self)
        if self.bytes.readableBytes > 0 {
            context.fireChannelRead(self.wrapInboundOut(self.bytes))
            context.fireChannelReadComplete()
        }
        if self.hasEnded { context.fireUserInboundEventTriggered(ChannelEvent.inputClosed) }
        self.bytes.clear()
    }
}
