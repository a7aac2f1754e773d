import NIOCore
import Names
import PluginGateway
import Tunnel

/// Serves one HTTP client: CONNECT, or one plain request.
final class HTTPProxyHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let link: ClusterLink
    private let held: HeldInput
    private var context: ChannelHandlerContext?
    private var received = ByteBuffer()
    private var isAsked = false

    init(link: ClusterLink, held: HeldInput) {
        self.link = link
        self.held = held
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }
    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        self.received.writeImmutableBuffer(self.unwrapInboundIn(data))
        guard !self.isAsked else { return }
        switch ProxyRequest.read(Array(self.received.readableBytesView)) {
        case .incomplete: break
        case .malformed:
            self.isAsked = true
            self.answer(400, "this is a proxy: expected CONNECT, or a request with a whole http:// URL")
        case .request(let request, let byteCount):
            self.isAsked = true
            self.received.moveReaderIndex(forwardBy: byteCount)
            let caller = context.channel.remoteAddress?.description ?? "unknown"
            self.link.openAnywhere(host: request.host, port: request.port, caller: caller) { result in
                switch result {
                case .success(let connection): self.join(connection, request)
                case .failure(let refusal): self.answer(refusal.httpStatus, "\(request.host): \(refusal)")
                }
            }
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if !self.isAsked { context.read() }
    }

    private func join(_ connection: GatewayConnection, _ request: ProxyRequest) {
        guard let context = self.context, context.channel.isActive else { return connection.abandon() }
        let channel = context.channel
        var early = ByteBuffer()
        if let forwarded = request.forwarded {
            early.writeBytes(forwarded)
        } else {
            let established = ByteBuffer(string: "HTTP/1.1 200 Connection established\r\n\r\n")
            context.writeAndFlush(self.wrapOutboundOut(established), promise: nil)
        }
        early.writeImmutableBuffer(self.received)
        channel.pipeline.syncOperations.removeHandler(self, promise: nil)
        do {
            try connection.join(channel, first: early, held: self.held)
        } catch {
            connection.abandon()
            channel.close(promise: nil)
        }
    }

    private func answer(_ status: Int, _ reason: String) {
        guard let context = self.context else { return }
        let body = "kubectl tunnel-dns: \(reason)\n"
        let head = [
            "HTTP/1.1 \(status) Proxy error", "Content-Type: text/plain; charset=utf-8",
            "Content-Length: \(body.utf8.count)", "Connection: close", "", "",
        ].joined(separator: "\r\n")
        context.writeAndFlush(self.wrapOutboundOut(ByteBuffer(string: head + body))).assumeIsolated().whenComplete {
            _ in
            self.context?.close(promise: nil)
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let event = event as? ChannelEvent, event == .inputClosed, !self.isAsked { context.close(promise: nil) }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}

extension StreamRefusal {
    /// The same as an answer to an HTTP client.
    var httpStatus: Int {
        switch self.status {
        case 403, 404, 504: self.status
        case Self.outsideStatus: 403
        default: 502
        }
    }
}
