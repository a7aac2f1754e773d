import NIOCore
import NIOPosix

/// Dials addresses in turn, for a pipe.
enum SocketDial {
    /// Connects to the first address that accepts; fails with the first one's reason, which people expect to read.
    ///
    /// - Parameters:
    ///   - timeout: The limit for each.
    ///   - interval: The least time from the begin of one to that of the next.
    static func connect(
        to addresses: [SocketAddress], on loop: any EventLoop, counts: ConnectionCounts, timeout: Duration,
        interval: Duration = .zero,
        receiveBuffer: ChannelOptions.Types.SocketOption.Value? = nil,
        then: @escaping (Result<SocketPipe, any Error>) -> Void
    ) {
        guard let address = addresses.first else { return then(.failure(ChannelError.unknownLocalAddress)) }
        let begin = MonotonicTime.now()
        let pipe = SocketPipe()
        let bound = NIOLoopBound(pipe, eventLoop: loop)
        var bootstrap = SocketPipe.options(ClientBootstrap(group: loop), counts: counts)
            .connectTimeout(TimeAmount(timeout))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(bound.value)
                }
            }
        if let receiveBuffer { bootstrap = bootstrap.channelOption(.socketOption(.so_rcvbuf), value: receiveBuffer) }
        bootstrap.connect(to: address).assumeIsolated().whenComplete { result in
            switch result {
            case .success: then(.success(pipe))
            case .failure(let error):
                let rest = Array(addresses.dropFirst())
                guard !rest.isEmpty else { return then(.failure(error)) }
                let pause = max(.zero, interval - (MonotonicTime.now() - begin))
                loop.assumeIsolated().scheduleTask(in: TimeAmount(pause)) {
                    SocketDial.connect(
                        to: rest, on: loop, counts: counts, timeout: timeout, interval: interval,
                        receiveBuffer: receiveBuffer
                    ) { result in then(result.mapError { _ in error }) }
                }
            }
        }
    }
}
