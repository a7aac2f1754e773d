import NIOCore
import NIOPosix
import Tunnel

/// Sends one request to a local process on a connection of its own, and sees what comes of it.
final class ReplayConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let promise: EventLoopPromise<ObservedRequest?>
    private var observer = ConnectionObserver(keepsContent: false)
    private let start = ContinuousClock.now
    private var isReset = false

    private init(_ promise: EventLoopPromise<ObservedRequest?>) { self.promise = promise }

    /// The request, once it is answered or the connection has ended; `nil` where the answer is no HTTP. An answer may take as long as
    /// it takes: a process may stand at a breakpoint.
    ///
    /// - Throws: Why the process could not be connected to.
    static func send(
        _ request: RecordedRequest, to target: LocalTarget, candidates: [String], group: any EventLoopGroup
    ) async throws -> ObservedRequest? {
        let loop = group.next()
        let promise = loop.makePromise(of: ObservedRequest?.self)
        let bytes = request.bytes
        let bootstrap = ClientBootstrap(group: loop).connectTimeout(.seconds(5))
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(ReplayConnection(promise))
                }
            }
        var failure: (any Error)?
        for host in candidates {
            do {
                let channel = try await bootstrap.connect(host: host, port: target.port).get()
                channel.eventLoop.execute {
                    let handler = try? channel.pipeline.syncOperations.handler(type: ReplayConnection.self)
                    handler?.send(bytes, channel)
                }
                return try await promise.futureResult.get()
            } catch {
                // The first address's reason is the one people expect to read.
                failure = failure ?? error
            }
        }
        promise.succeed(nil)
        throw failure ?? ChannelError.connectTimeout(.zero)
    }

    private func send(_ bytes: [UInt8], _ channel: any Channel) {
        let buffer = ByteBuffer(bytes: bytes)
        self.take(self.observer.callerSent(buffer, at: self.now), channel)
        channel.writeAndFlush(buffer, promise: nil)
    }

    private var now: Duration { ContinuousClock.now - self.start }

    private func take(_ events: [ObservedEvent], _ channel: any Channel) {
        guard let event = events.first else { return }
        if case .request(let request) = event { self.promise.succeed(request) } else { self.promise.succeed(nil) }
        channel.close(promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        self.take(self.observer.serverSent(self.unwrapInboundIn(data), at: self.now), context.channel)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let event = event as? ChannelEvent, event == .inputClosed {
            self.take(self.observer.ended(.closed, at: self.now), context.channel)
            context.close(promise: nil)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        self.take(self.observer.ended(.reset, at: self.now), context.channel)
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.take(self.observer.ended(.closed, at: self.now), context.channel)
        self.promise.succeed(nil)
    }
}
