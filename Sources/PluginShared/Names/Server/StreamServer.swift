import NIOCore

/// Queries over one TCP connection, answered in the order in which the answers come (RFC 7766 §6.2.1.1).
final class StreamServer: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// How long a connection may say nothing: RFC 7766 §6.2.3 asks for a few seconds.
    static let idleLimit = TimeAmount.seconds(10)

    private let core: NameServerCore
    private var unanswered = 0
    private var hasEnded = false

    init(core: NameServerCore) {
        self.core = core
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        self.unanswered += 1
        let bytes = Array(self.unwrapInboundIn(data).readableBytesView)
        self.core.take(bytes) { response, _ in
            self.unanswered -= 1
            if let answer = response.bytes(upTo: DNSMessage.maximumSize) {
                let framed = MessageFrames.framed(answer, context.channel.allocator)
                context.writeAndFlush(self.wrapOutboundOut(framed), promise: nil)
            }
            self.closeIfDone(context)
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let event = event as? ChannelEvent, event == .inputClosed {
            self.hasEnded = true
            self.closeIfDone(context)
        } else if event is IdleStateHandler.IdleStateEvent {
            context.close(promise: nil)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    /// A client may end its half and still wait for answers.
    private func closeIfDone(_ context: ChannelHandlerContext) {
        guard self.hasEnded, self.unanswered == 0 else { return }
        context.close(promise: nil)
    }
}
