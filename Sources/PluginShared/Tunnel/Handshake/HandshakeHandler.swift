import NIOCore

/// Drives the handshake on one connection; second in the pipeline, removed when the peer has proved itself.
final class HandshakeHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// How the handshake came out.
    enum Outcome {
        /// The peer has proved itself; these bytes belong to what follows.
        case accepted(HandshakeStateMachine.Peer, rest: ByteBuffer)
        /// It has not; these bytes should be sent to it before the connection is ended.
        case refused(reply: [UInt8], TunnelError)
    }

    private var machine: HandshakeStateMachine
    private var outcome: ((Outcome) -> Void)?
    private var timeout: Scheduled<Void>?
    private let limit: Duration

    /// Makes a handler; `outcome` is called exactly once, on the channel's event loop.
    init(machine: HandshakeStateMachine, limit: Duration, outcome: @escaping (Outcome) -> Void) {
        self.machine = machine
        self.limit = limit
        self.outcome = outcome
    }

    /// Ends the handshake from outside.
    func refuse(_ error: TunnelError) {
        self.finish(.refused(reply: [], error))
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.timeout = context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(self.limit)) {
            self.refuse(TunnelError(code: .timedOut, message: "the peer did not prove who it is in time"))
        }
        if context.channel.isActive { self.open(context) }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.timeout?.cancel()
    }

    func channelActive(context: ChannelHandlerContext) {
        self.open(context)
        context.fireChannelActive()
    }

    private func open(_ context: ChannelHandlerContext) {
        let opening = self.machine.opening
        guard !opening.isEmpty else { return }
        context.writeAndFlush(self.wrapOutboundOut(ByteBuffer(bytes: opening)), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = self.unwrapInboundIn(data)
        guard self.outcome != nil else { return }
        switch self.machine.received(bytes.readableBytesView) {
        case .wait:
            break
        case .send(let reply):
            context.writeAndFlush(self.wrapOutboundOut(ByteBuffer(bytes: reply)), promise: nil)
        case .accepted(let peer, let reply, let rest):
            if !reply.isEmpty {
                context.writeAndFlush(self.wrapOutboundOut(ByteBuffer(bytes: reply)), promise: nil)
            }
            self.finish(.accepted(peer, rest: ByteBuffer(bytes: rest)))
        case .refuse(let reply, let error):
            self.finish(.refused(reply: reply, error))
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let event = event as? ChannelEvent, event == .inputClosed { self.connectionEnded() }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.connectionEnded()
        context.fireChannelInactive()
    }

    private func connectionEnded() {
        self.refuse(TunnelError(code: .connectionClosed, message: "the connection ended during the handshake"))
    }

    private func finish(_ outcome: Outcome) {
        guard let report = self.outcome else { return }
        self.outcome = nil
        self.timeout?.cancel()
        report(outcome)
    }
}
