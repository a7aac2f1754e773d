import NIOCore

/// Queries over UDP.
final class DatagramServer: ChannelInboundHandler {
    typealias InboundIn = AddressedEnvelope<ByteBuffer>
    typealias OutboundOut = AddressedEnvelope<ByteBuffer>

    /// The longest response over UDP, however much a client takes, in bytes: resolvers say 4096 at most.
    private static let maximumSize = 4096

    private let core: NameServerCore
    private var isReading = false

    init(core: NameServerCore) {
        self.core = core
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        self.isReading = true
        let envelope = self.unwrapInboundIn(data)
        let client = envelope.remoteAddress
        // Port 0 cannot be answered.
        guard client.port != 0 else { return }
        let bytes = Array(envelope.data.readableBytesView)
        self.core.take(bytes) { response, payloadSize in
            guard let answer = response.bytes(upTo: min(payloadSize, Self.maximumSize)) else { return }
            let envelope = AddressedEnvelope(
                remoteAddress: client, data: context.channel.allocator.buffer(bytes: answer))
            context.write(self.wrapOutboundOut(envelope), promise: nil)
            // What is answered within a read goes out with the others of that read.
            if !self.isReading { context.flush() }
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        self.isReading = false
        context.flush()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // A client that is gone makes the socket say so; the others are still there.
    }
}
