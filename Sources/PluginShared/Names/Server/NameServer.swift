public import NIOCore
import NIOPosix

/// A DNS server over UDP and TCP in front of one upstream, with a cache. Everything runs on one event loop.
public final class NameServer: Sendable {
    /// Where to listen.
    public enum Endpoint: Sendable {
        /// An address of this machine; port 0 picks one, the same for UDP and TCP.
        case address(SocketAddress)
        /// Sockets that are bound, the TCP one listening; they are the server's from now on.
        case sockets(datagram: CInt, stream: CInt)
    }

    /// How often a port that is free for UDP is tried for TCP, where any will do.
    private static let portAttempts = 20

    private let loop: any EventLoop
    private let core: NIOLoopBoundBox<NameServerCore>
    private let datagramChannels: NIOLoopBoundBox<[any Channel]>
    private let streamChannels: NIOLoopBoundBox<[any Channel]>

    private init(loop: any EventLoop, core: NIOLoopBoundBox<NameServerCore>) {
        self.loop = loop
        self.core = core
        self.datagramChannels = NIOLoopBoundBox.makeBoxSendingValue([], eventLoop: loop)
        self.streamChannels = NIOLoopBoundBox.makeBoxSendingValue([], eventLoop: loop)
    }

    /// Starts a server.
    ///
    /// - Parameters:
    ///   - endpoints: Where to listen.
    ///   - upstream: Who is asked for what the cache does not know.
    ///   - cache: Where answers are kept.
    ///   - timeout: How long upstream has before the client hears SERVFAIL; glibc and musl ask again after 5 s.
    ///   - group: Gives the event loop.
    /// - Throws: ``NameServerError/cannotListen(_:)``.
    public static func start(
        on endpoints: [Endpoint], upstream: any NameUpstream, cache: NameCache = NameCache(),
        timeout: Duration = .milliseconds(4500), group: any EventLoopGroup
    ) async throws(NameServerError) -> NameServer {
        let loop = group.next()
        let limit = TimeAmount.nanoseconds(Int64(timeout / .nanoseconds(1)))
        let core = NIOLoopBoundBox.makeBoxSendingValue(
            NameServerCore(loop: loop, upstream: upstream, cache: cache, timeout: limit), eventLoop: loop)
        let server = NameServer(loop: loop, core: core)
        for endpoint in endpoints {
            do {
                try await server.listen(on: endpoint)
            } catch {
                await server.stop()
                throw .cannotListen("cannot listen for DNS queries: \(error)")
            }
        }
        return server
    }

    /// The addresses that are listened on over UDP, in the order of the endpoints.
    public func addresses() async -> [SocketAddress] {
        let all = try? await self.loop.submit {
            self.datagramChannels.value.compactMap(\.localAddress)
        }.get()
        return all ?? []
    }

    /// What was done since the start.
    public func counts() async -> NameServerCounts {
        (try? await self.loop.submit { self.core.value.counts }.get()) ?? NameServerCounts()
    }

    /// Forgets what was answered.
    public func flush() async {
        try? await self.loop.submit { self.core.value.flush() }.get()
    }

    /// Listens no more; connections that are open end with their answers.
    public func stop() async {
        let channels = try? await self.loop.submit {
            let all = self.datagramChannels.value + self.streamChannels.value
            self.datagramChannels.value = []
            self.streamChannels.value = []
            return all
        }.get()
        for channel in channels ?? [] { try? await channel.close() }
    }

    private func listen(on endpoint: Endpoint) async throws {
        let datagrams = DatagramBootstrap(group: self.loop)
            // Each slot of the vector has 4 KiB, more than any query has.
            .channelOption(.datagramVectorReadMessageCount, value: 32)
            .channelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: 32 * 4096))
            // Bursts wait in the kernel; it takes the most that it may (net.core.rmem_max).
            .channelOption(.socketOption(.so_rcvbuf), value: 4 << 20)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(DatagramServer(core: self.core.value))
                }
            }
        let streams = ServerBootstrap(group: self.loop, childGroup: self.loop)
            .serverChannelOption(.backlog, value: 128)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let operations = channel.pipeline.syncOperations
                    try operations.addHandler(IdleStateHandler(readTimeout: StreamServer.idleLimit))
                    try operations.addHandler(ByteToMessageHandler(MessageFrames()))
                    try operations.addHandler(StreamServer(core: self.core.value))
                }
            }
        switch endpoint {
        case .address(let address):
            var attempts = address.port == 0 ? Self.portAttempts : 1
            while true {
                attempts -= 1
                let datagram = try await datagrams.bind(to: address).get()
                do {
                    var other = address
                    other.port = datagram.localAddress?.port ?? address.port
                    await self.add(try await streams.bind(to: other).get(), to: self.streamChannels)
                    await self.add(datagram, to: self.datagramChannels)
                    return
                } catch {
                    try? await datagram.close()
                    if attempts == 0 { throw error }
                }
            }
        case .sockets(let datagram, let stream):
            await self.add(try await datagrams.withBoundSocket(datagram).get(), to: self.datagramChannels)
            await self.add(try await streams.withBoundSocket(stream).get(), to: self.streamChannels)
        }
    }

    private func add(_ channel: any Channel, to channels: NIOLoopBoundBox<[any Channel]>) async {
        try? await self.loop.submit { channels.value.append(channel) }.get()
    }
}
