import NIOCore
import NIOSOCKS
import PluginGateway
import Tunnel

/// Serves one SOCKS5 client (RFC 1928): no authentication, CONNECT only.
final class SOCKSHandler: ChannelInboundHandler, RemovableChannelHandler {
    // Not `ClientMessage`: when a connection ends, the handler before this one hands on what it has left, as bytes, and
    // taking them for a message would trap.
    typealias InboundIn = Any
    typealias OutboundOut = ServerMessage

    private let link: ClusterLink
    private let socks: SOCKSServerHandshakeHandler
    private let held: HeldInput
    private var context: ChannelHandlerContext?
    private var isAsked = false

    init(link: ClusterLink, socks: SOCKSServerHandshakeHandler, held: HeldInput) {
        self.link = link
        self.socks = socks
        self.held = held
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }
    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard let message = self.unwrapInboundIn(data) as? ClientMessage else { return }
        switch message {
        case .greeting(let greeting):
            let method: AuthenticationMethod =
                greeting.methods.contains(.noneRequired) ? .noneRequired : .noneAcceptable
            context.writeAndFlush(
                self.wrapOutboundOut(.selectedAuthenticationMethod(.init(method: method))), promise: nil)
            guard method == .noneRequired else { return context.close(promise: nil) }
            self.readOn(context)
        case .request(let request):
            self.isAsked = true
            self.open(request, context)
        case .authenticationData:
            context.close(promise: nil)
        }
    }

    /// Has the handshake look at what came together with the greeting: by itself it waits for more, and a client that sends
    /// everything at once has no more.
    private func readOn(_ context: ChannelHandlerContext) {
        guard let before = try? context.pipeline.syncOperations.context(handler: self.socks) else { return }
        self.socks.channelRead(context: before, data: NIOAny(ByteBuffer()))
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        // The handshake only: what follows it waits for the connection.
        if !self.isAsked { context.read() }
    }

    private func open(_ request: SOCKSRequest, _ context: ChannelHandlerContext) {
        guard request.command == .connect else { return self.refuse(.commandUnsupported) }
        let host: String
        let port: Int
        switch request.addressType {
        case .address(let address):
            guard let text = address.ipAddress, let number = address.port else {
                return self.refuse(.addressUnsupported)
            }
            (host, port) = (text, number)
        case .domain(let name, let number):
            (host, port) = (name, number)
        }
        let caller = context.channel.remoteAddress?.description ?? "unknown"
        self.link.openAnywhere(host: host, port: port, caller: caller) { result in
            switch result {
            case .success(let connection): self.join(connection)
            case .failure(let refusal): self.refuse(refusal.socksReply)
            }
        }
    }

    private func join(_ connection: GatewayConnection) {
        guard let context = self.context, context.channel.isActive else { return connection.abandon() }
        let channel = context.channel
        let operations = channel.pipeline.syncOperations
        self.write(.succeeded, context)
        // From the left to the right: what the first still holds ends up in the last.
        operations.removeHandler(self, promise: nil)
        operations.removeHandler(self.socks, promise: nil)
        do {
            try connection.join(channel, held: self.held)
        } catch {
            connection.abandon()
            channel.close(promise: nil)
        }
    }

    private func refuse(_ reply: SOCKSServerReply) {
        guard let context = self.context else { return }
        self.write(reply, context)
        context.close(promise: nil)
    }

    private func write(_ reply: SOCKSServerReply, _ context: ChannelHandlerContext) {
        // Which address the gateway has used is of no use to anybody here.
        guard let unspecified = try? SocketAddress(ipAddress: "0.0.0.0", port: 0) else { return }
        let response = SOCKSResponse(reply: reply, boundAddress: .address(unspecified))
        context.writeAndFlush(self.wrapOutboundOut(.response(response)), promise: nil)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let event = event as? ChannelEvent, event == .inputClosed, !self.isAsked { context.close(promise: nil) }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}

extension StreamRefusal {
    /// The same in SOCKS's words (RFC 1928 §6).
    var socksReply: SOCKSServerReply {
        switch self.status {
        case 403, Self.outsideStatus: .notAllowed
        case 404, 504: .hostUnreachable
        case 502 where self.reason.contains("refused"): .refused
        case 502: .hostUnreachable
        default: .serverFailure
        }
    }
}
