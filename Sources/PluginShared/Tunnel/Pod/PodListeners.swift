import NIOCore
import NIOPosix

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#endif

/// The pod's listening sockets.
enum PodListeners {
    /// The kernel's receive buffer of each connection: 256 KiB. NIO reads all of it at the peer's FIN, whatever the
    /// back-pressure (BaseSocketChannel.readEOF0), so this bounds what a stalled upload can take of the pod's memory.
    static let receiveBuffer: ChannelOptions.Types.SocketOption.Value = 262_144
    /// What all of them may take together: 64 MiB; but each has 16 KiB, where only a busy host has less.
    private static let allReceiveBuffers = 64 * 1024 * 1024
    private static let leastReceiveBuffer: ChannelOptions.Types.SocketOption.Value = 16_384

    /// The same where there are so many connections.
    static func receiveBuffer(connections: Int) -> ChannelOptions.Types.SocketOption.Value {
        let share = ChannelOptions.Types.SocketOption.Value(Self.allReceiveBuffers / max(1, connections))
        return min(Self.receiveBuffer, max(Self.leastReceiveBuffer, share))
    }

    /// Bounds a caller's connection where there are many.
    static func bound(_ channel: any Channel, connections: Int) throws {
        let size = Self.receiveBuffer(connections: connections)
        if size < Self.receiveBuffer { try channel.syncOptions?.setOption(.socketOption(.so_rcvbuf), value: size) }
    }

    /// How many connections may wait to be accepted: 4096; the kernel cuts it to its own limit.
    static let backlog: Int32 = 4096

    /// Accepts again a moment after there were no files, or no memory, for another connection (ENOMEM, ENFILE, EMFILE, ENOBUFS).
    private static func pauseAtLimit() -> AcceptBackoffHandler {
        AcceptBackoffHandler(shouldForwardIOErrorCaught: false) { error in
            [ENOMEM, ENFILE, EMFILE, ENOBUFS].contains(error.errnoCode) ? .milliseconds(50) : nil
        }
    }

    /// Listens for callers of the Service, or of something else whose reading is bounded elsewhere.
    static func callers(
        on loop: any EventLoop, budget: ReadBudget?,
        accepted: @escaping @Sendable (any Channel) -> EventLoopFuture<Void>
    ) -> ServerBootstrap {
        ServerBootstrap(group: loop)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelOption(.backlog, value: PodListeners.backlog)
            .serverChannelOption(.maxMessagesPerRead, value: 64)
            .serverChannelOption(.socketOption(.so_rcvbuf), value: PodListeners.receiveBuffer)
            // At the limit of open files the socket stays readable: without a pause the loop would do nothing else.
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(PodListeners.pauseAtLimit())
                }
            }
            .childChannelOption(.autoRead, value: false)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(.recvAllocator, value: FrameSizedAllocator(budget))
            .childChannelOption(.maxMessagesPerRead, value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            // A caller whose node vanished is noticed by the kernel, if late.
            .childChannelOption(.socketOption(.so_keepalive), value: 1)
            .childChannelInitializer(accepted)
    }

    /// Listens for the laptop.
    static func tunnel(
        on loop: any EventLoop,
        accepted: @escaping @Sendable (any Channel) -> EventLoopFuture<Void>
    ) -> ServerBootstrap {
        ServerBootstrap(group: loop)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelOption(.backlog, value: 64)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(.writeBufferWaterMark, value: HTTP2Configuration.linkWatermark)
            .childChannelOption(.recvAllocator, value: FrameSizedAllocator(nil))
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer(accepted)
    }

    /// Binds the first of the addresses that can be bound; `::` takes IPv4 too.
    static func bind(
        port: Int,
        addresses: [String],
        bootstrap: @escaping @Sendable () -> ServerBootstrap
    ) -> EventLoopFuture<any Channel> {
        let first = addresses.first ?? "0.0.0.0"
        let attempt: EventLoopFuture<any Channel>
        if first == "::" {
            let v6only = ChannelOptions.Types.SocketOption(level: .ipv6, name: .ipv6_v6only)
            attempt = bootstrap().serverChannelOption(v6only, value: 0).bind(host: first, port: port)
        } else {
            attempt = bootstrap().bind(host: first, port: port)
        }
        guard addresses.count > 1 else { return attempt }
        let rest = Array(addresses.dropFirst())
        return attempt.flatMapError { _ in
            PodListeners.bind(port: port, addresses: rest, bootstrap: bootstrap)
        }
    }
}
