import NIOCore
import NIOPosix
import Names

/// Asks a server over sockets.
struct ServerClient: Sendable {
    let address: SocketAddress
    let group: any EventLoopGroup

    func ask(_ query: DNSMessage, isStream: Bool) async throws -> DNSMessage {
        try await self.ask(query.encode(), isStream: isStream)
    }

    func ask(_ query: [UInt8], isStream: Bool) async throws -> DNSMessage {
        if !isStream { return try await self.datagrams([query], responses: 1)[0] }
        return try await ClientBootstrap(group: self.group).connect(to: self.address) { channel in
            channel.eventLoop.makeCompletedFuture {
                try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
            }
        }.executeThenClose { inbound, outbound in
            var buffer = ByteBuffer(integer: UInt16(query.count))
            buffer.writeBytes(query)
            // In two parts, as TCP may carry it.
            try await outbound.write(buffer.readSlice(length: 3) ?? ByteBuffer())
            try await outbound.write(buffer)
            var received = ByteBuffer()
            for try await part in inbound {
                received.writeImmutableBuffer(part)
                guard let length = received.getInteger(at: received.readerIndex, as: UInt16.self),
                    received.readableBytes >= Int(length) + 2
                else { continue }
                return try DNSMessage(decoding: Array(received.readableBytesView.dropFirst(2)))
            }
            throw NameServerError.noAnswer
        }
    }

    /// Sends all from one port, and waits for so many responses.
    func ask(_ queries: [DNSMessage], responses: Int? = nil) async throws -> [DNSMessage] {
        try await self.datagrams(queries.map { try $0.encode() }, responses: responses ?? queries.count)
    }

    private func datagrams(_ queries: [[UInt8]], responses count: Int) async throws -> [DNSMessage] {
        typealias Envelope = AddressedEnvelope<ByteBuffer>
        return try await DatagramBootstrap(group: self.group)
            .channelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: 65_535))
            .connect(to: self.address) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<Envelope, Envelope>(wrappingChannelSynchronously: channel)
                }
            }.executeThenClose { inbound, outbound in
                for query in queries {
                    try await outbound.write(Envelope(remoteAddress: self.address, data: ByteBuffer(bytes: query)))
                }
                var responses: [DNSMessage] = []
                for try await part in inbound {
                    responses.append(try DNSMessage(decoding: Array(part.data.readableBytesView)))
                    if responses.count == count { break }
                }
                return responses
            }
    }
}
