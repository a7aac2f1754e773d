import NIOCore

/// Ends a connection to the tunnel port without ever resetting it.
///
/// A reset of one forwarded connection makes kubectl exit and takes every other connection along. So the write side is
/// shut down, what still comes is read and dropped, and the socket is closed at the peer's EOF; after a limit it is
/// closed all the same. First in the pipeline.
final class LingerHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// When bytes last came; `nil` if never.
    private(set) var lastRead: Duration?
    private var context: ChannelHandlerContext?
    private var isLingering = false
    private var inputHasEnded = false
    private var timeout: Scheduled<Void>?

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.timeout?.cancel()
        self.context = nil
    }

    /// Sends the last bytes and FIN, then reads on to the peer's EOF, at most for so long.
    func linger(sending last: [UInt8] = [], limit: Duration) {
        guard let context = self.context, !self.isLingering else { return }
        self.isLingering = true
        let sent = context.eventLoop.makePromise(of: Void.self)
        sent.futureResult.assumeIsolated().whenComplete { _ in
            guard let context = self.context else { return }
            if self.inputHasEnded {
                context.close(promise: nil)
            } else {
                context.close(mode: .output, promise: nil)
            }
        }
        context.writeAndFlush(self.wrapOutboundOut(ByteBuffer(bytes: last)), promise: sent)
        self.timeout = context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(limit)) {
            self.context?.close(promise: nil)
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !self.isLingering else { return }
        self.lastRead = MonotonicTime.now()
        context.fireChannelRead(data)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let event = event as? ChannelEvent, event == .inputClosed {
            self.inputHasEnded = true
            // The FIN may still wait behind bytes that are not sent; then its promise closes the socket.
            guard !self.isLingering else { return }
        }
        context.fireUserInboundEventTriggered(event)
    }
}
