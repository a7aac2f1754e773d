public import NIOCore
public import NIOPosix

/// A connection that the gateway has made, which waits for its local socket. Lives on the client's event loop.
public struct GatewayConnection {
    private let connection: StreamConnection

    init(_ connection: StreamConnection) {
        self.connection = connection
    }

    /// Joins an accepted socket to it: everything is carried from here on, in both directions.
    ///
    /// The socket has to be on the client's event loop, with the options of ``listener(on:accepted:)``.
    ///
    /// - Parameters:
    ///   - first: What is to be sent first, before anything that the socket has sent.
    ///   - held: What the socket has sent meanwhile; it leaves the pipeline.
    public func join(_ channel: any Channel, first: ByteBuffer = ByteBuffer(), held: HeldInput) throws {
        let pipe = SocketPipe()
        let operations = channel.pipeline.syncOperations
        try operations.addHandler(pipe)
        operations.removeHandler(held, promise: nil)
        self.connection.send(early: first)
        self.connection.send(early: held.bytes)
        self.connection.connected(pipe)
        if held.hasEnded { pipe.endInput() }
    }

    /// Gives it up: the socket is gone.
    public func abandon() {
        self.connection.abandon()
    }

    /// How long a connection past the gateway may take to come up: 10 s.
    private static let directLimit = Duration.seconds(10)

    /// Connects from this machine, without any gateway, to the first address that accepts. To be called on the loop; so is
    /// `then`, once.
    public static func direct(
        to addresses: [SocketAddress], on loop: any EventLoop,
        then: @escaping (Result<GatewayConnection, StreamRefusal>) -> Void
    ) {
        let counts = ConnectionCounts()
        SocketDial.connect(to: addresses, on: loop, counts: counts, timeout: GatewayConnection.directLimit) { result in
            then(
                result.map { GatewayConnection(StreamConnection(direct: $0, counts: counts)) }
                    .mapError { StreamRefusal(status: 502, reason: ConnectFailure.describe($0)) })
        }
    }

    /// A bootstrap for listeners whose sockets can be joined: they read nothing by themselves, and may be closed by halves.
    public static func listener(
        on loop: any EventLoop, accepted: @escaping @Sendable (any Channel) -> EventLoopFuture<Void>
    ) -> ServerBootstrap {
        PodListeners.callers(on: loop, budget: nil, accepted: accepted)
    }
}
