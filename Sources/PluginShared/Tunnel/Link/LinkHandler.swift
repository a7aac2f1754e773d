import Logging
import NIOCore
import NIOHTTP2

/// The link's place in its channel's pipeline, behind HTTP/2: frames of the connection itself, and its end.
final class LinkHandler: ChannelInboundHandler {
    typealias InboundIn = HTTP2Frame
    typealias OutboundOut = HTTP2Frame

    private let link: TunnelLink
    private var context: ChannelHandlerContext?

    /// Makes the handler of one link.
    init(link: TunnelLink) {
        self.link = link
    }

    /// Sends a frame of the connection itself.
    func write(_ frame: HTTP2Frame) {
        self.context?.writeAndFlush(self.wrapOutboundOut(frame), promise: nil)
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch self.unwrapInboundIn(data).payload {
        case .ping(let data, ack: true):
            self.link.pingAcknowledged(data)
        case .goAway(_, let errorCode, _):
            self.link.peerLeaves(code: errorCode)
        case .data, .headers, .priority, .rstStream, .settings, .pushPromise, .ping, .windowUpdate,
            .alternativeService, .origin:
            break
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let event = event as? ChannelEvent, event == .inputClosed {
            self.link.close(reason: "the connection ended")
        }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch error {
        case is NIOHTTP2Errors.StreamError, is NIOHTTP2Errors.NoSuchStream, is NIOHTTP2Errors.StreamClosed,
            is NIOHTTP2Errors.BadStreamStateTransition:
            // These concern one stream, which is told by itself. Should one of them concern the connection, the library
            // has sent GOAWAY with an error, and the peer ends the link at that.
            self.link.logger.trace("stream error", metadata: [LogKey.reason: "\(error)"])
        default:
            self.link.close(reason: "\(error)")
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.link.close(reason: "the connection ended")
        context.fireChannelInactive()
    }
}
