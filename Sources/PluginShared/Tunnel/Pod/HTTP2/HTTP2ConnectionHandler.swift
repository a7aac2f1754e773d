import NIOCore
import NIOHTTP2

/// A connection's place in its pipeline, behind HTTP/2: frames of the connection itself, and its end by the library.
final class HTTP2ConnectionHandler: ChannelInboundHandler {
    typealias InboundIn = HTTP2Frame
    typealias OutboundOut = HTTP2Frame

    private weak var connection: HTTP2Connection?
    private var context: ChannelHandlerContext?

    init(connection: HTTP2Connection) { self.connection = connection }

    /// The connection's; `nil` when it is over.
    var loop: (any EventLoop)? { self.context?.eventLoop }

    /// Sends a frame of the connection itself.
    func write(_ payload: HTTP2Frame.FramePayload) {
        let frame = HTTP2Frame(streamID: .rootStream, payload: payload)
        self.context?.writeAndFlush(self.wrapOutboundOut(frame), promise: nil)
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch self.unwrapInboundIn(data).payload {
        case .ping(_, ack: true): self.connection?.pingAcknowledged()
        case .goAway(let last, _, _): self.connection?.peerLeaves(last: last)
        case .data, .headers, .priority, .rstStream, .settings, .pushPromise, .ping, .windowUpdate,
            .alternativeService, .origin:
            break
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { self.connection?.errorCaught() }
}
