import NIOCore
import NIOPosix
import NIOSOCKS
import PluginGateway
import Tunnel

/// The proxy on a local port: SOCKS5 with names, and HTTP. Which of them a client speaks, its first byte tells.
enum LocalProxy {
    /// Starts to listen on loopback.
    ///
    /// - Parameter port: 0 picks a free one.
    /// - Returns: The listener, on the link's event loop.
    static func start(link: ClusterLink, port: Int) async throws -> any Channel {
        try await GatewayConnection.listener(on: link.eventLoop) { channel in
            channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addHandler(ProxyGreeting(link: link))
            }
        }.bind(host: "127.0.0.1", port: port).get()
    }
}

/// Waits for a client's first byte, and makes way for the handler that understands it.
private final class ProxyGreeting: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let link: ClusterLink

    init(link: ClusterLink) {
        self.link = link
    }

    func channelActive(context: ChannelHandlerContext) {
        context.read()
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = self.unwrapInboundIn(data)
        let operations = context.channel.pipeline.syncOperations
        do {
            if bytes.getInteger(at: bytes.readerIndex, as: UInt8.self) == 5 {
                let socks = SOCKSServerHandshakeHandler()
                let held = HeldInput()
                try operations.addHandlers([socks, SOCKSHandler(link: self.link, socks: socks, held: held), held])
            } else {
                let held = HeldInput()
                try operations.addHandlers([HTTPProxyHandler(link: self.link, held: held), held])
            }
            context.fireChannelRead(data)
            operations.removeHandler(self, promise: nil)
        } catch {
            context.close(promise: nil)
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let event = event as? ChannelEvent, event == .inputClosed { context.close(promise: nil) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
