import NIOCore
import NIOPosix

#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#elseif canImport(Glibc)
    import Glibc
#endif

/// A TCP socket as a pipe. Its channel has `autoRead` off and half-closure on.
final class SocketPipe: ChannelInboundHandler, BytePipe {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    var owner: (any BytePipeOwner)?
    private var context: ChannelHandlerContext?
    private var isReading = false
    private var isReadPending = false
    private var inputHasEnded = false
    /// `finish` was called.
    private var outputHasEnded = false
    /// The FIN has gone to the kernel, after everything before it.
    private var outputIsClosed = false
    private var hasSeenError = false
    private var isOver = false

    /// Whether everything that was written, the FIN behind it too, has gone to the kernel, or never will.
    var hasSentAll: Bool { self.outputIsClosed || self.isOver }

    /// Sets the options every data socket of a tunnel end needs.
    static func options(_ bootstrap: ClientBootstrap, counts: ConnectionCounts) -> ClientBootstrap {
        bootstrap
            .channelOption(.autoRead, value: false)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelOption(.recvAllocator, value: FrameSizedAllocator(counts.readBudget))
            .channelOption(.maxMessagesPerRead, value: 1)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
    }

    /// How many connections of an end may read eagerly: 64, which hold 16 MiB at the worst.
    static let eagerReaders = 64

    /// Reads up to four times in a turn, so that what follows on the path finds more to copy at once.
    func readEagerly() {
        try? self.context?.channel.syncOptions?.setOption(.maxMessagesPerRead, value: 4)
    }

    var isWritable: Bool { self.context?.channel.isWritable ?? false }

    func add(_ handlers: [any ChannelHandler]) throws {
        guard let context else { throw ChannelError.ioOnClosedChannel }
        try context.pipeline.syncOperations.addHandlers(handlers, position: .last)
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
    }

    func write(_ bytes: ByteBuffer, sent: (() -> Void)?) {
        guard !self.isOver, let context = self.context else { return sent?() ?? () }
        context.write(self.wrapOutboundOut(bytes), promise: context.eventLoop.promise(calling: sent))
    }

    func flush() {
        guard !self.isOver else { return }
        self.context?.flush()
    }

    func finish() {
        guard let context = self.context, !self.outputHasEnded, !self.isOver else { return }
        self.outputHasEnded = true
        // NIO closes the whole channel, dropping what is not written yet, when the output is closed after the input
        // (BaseStreamSocketChannel.close0). So the FIN waits until everything before it has gone to the kernel.
        let promise = context.eventLoop.makePromise(of: Void.self)
        promise.futureResult.assumeIsolated().whenSuccess {
            self.outputIsClosed = true
            self.context?.close(mode: .output, promise: nil)
        }
        context.writeAndFlush(self.wrapOutboundOut(ByteBuffer()), promise: promise)
    }

    func reset() {
        guard let context = self.context, !self.isOver else { return }
        self.isOver = true
        self.owner = nil
        context.channel.reset()
    }

    /// Closes the socket without a reset where TCP allows it.
    func close() {
        guard let context = self.context, !self.isOver else { return }
        self.isOver = true
        self.owner = nil
        context.close(promise: nil)
    }

    func setReading(_ isReading: Bool) {
        guard self.isReading != isReading else { return }
        self.isReading = isReading
        self.readIfWanted()
    }

    func passedOn(byteCount: Int) {}

    private func readIfWanted() {
        guard self.isReading, !self.isReadPending, !self.inputHasEnded, !self.isOver else { return }
        guard let context = self.context, context.channel.isActive else { return }
        self.isReadPending = true
        context.read()
    }

    func channelActive(context: ChannelHandlerContext) {
        self.readIfWanted()
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        self.owner?.pipe(self, received: self.unwrapInboundIn(data))
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        self.isReadPending = false
        self.owner?.pipeReadComplete(self)
        self.readIfWanted()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let event = event as? ChannelEvent, event == .inputClosed {
            self.inputEnded()
        }
        context.fireUserInboundEventTriggered(event)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        self.owner?.pipeWritabilityChanged(self)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // The channel closes itself where that is due, and channelInactive says so.
        self.hasSeenError = true
    }

    func channelInactive(context: ChannelHandlerContext) {
        guard !self.isOver else { return }
        self.isOver = true
        let owner = self.owner
        self.owner = nil
        if self.hasSeenError || !self.outputIsClosed {
            owner?.pipeFailed(self)
        } else if !self.inputHasEnded {
            // With our half closed, the peer's FIN closes the channel at once and no inputClosed event comes before
            // (BaseStreamSocketChannel.close0). A reset would have been read as an error first.
            self.inputHasEnded = true
            owner?.pipeEnded(self)
        }
    }

    /// The peer's FIN had come before the pipe was there.
    func endInput() {
        self.inputEnded()
    }

    private func inputEnded() {
        guard !self.inputHasEnded else { return }
        self.inputHasEnded = true
        self.owner?.pipeEnded(self)
    }
}
