import NIOCore
import NIOHPACK
import NIOHTTP2

/// What a stream reports to its owner besides bytes.
protocol StreamPipeOwner: BytePipeOwner {
    /// The peer accepted the stream with 200.
    func streamAccepted(_ stream: StreamPipe)
    /// The peer refused it, and the stream is over.
    func stream(_ stream: StreamPipe, refused refusal: StreamRefusal)
}

extension StreamPipeOwner {
    func stream(_ stream: StreamPipe, refused refusal: StreamRefusal) {
        self.pipeFailed(stream)
    }
}

/// One HTTP/2 stream as a pipe.
///
/// END_STREAM is written as a DATA frame and never by `close(mode: .output)`: NIO's stream channels ignore the mode and
/// reset the stream (HTTP2StreamChannel.close0). Everything that arrives is read at once; what slows the peer down is
/// the stream's window, which this pipe alone opens (see `HTTP2Configuration`).
final class StreamPipe: ChannelInboundHandler, BytePipe {
    typealias InboundIn = HTTP2Frame.FramePayload
    typealias OutboundOut = HTTP2Frame.FramePayload

    var owner: (any BytePipeOwner)?
    /// The number of the stream on this end; not the one on the wire.
    let id: UInt64
    private let link: TunnelLink
    private var context: ChannelHandlerContext?
    /// Frames written before the channel existed.
    private var early: [(payload: HTTP2Frame.FramePayload, sent: (() -> Void)?)] = []
    private var window: StreamWindow
    private var windowIsOpen = false
    private var isAnswered: Bool
    private var awaitsRequest: Bool
    private var inputHasEnded = false
    private var outputHasEnded = false
    private var isOver = false

    /// Makes a pipe for a stream this end opens, or for one the peer opened.
    init(id: UInt64, link: TunnelLink, window: StreamWindow, isOpenedHere: Bool) {
        self.id = id
        self.link = link
        self.window = window
        self.isAnswered = !isOpenedHere
        self.awaitsRequest = !isOpenedHere
    }

    var isWritable: Bool { self.context?.channel.isWritable ?? (self.early.count < 4) }
    /// Bytes of the link's window budget this stream holds.
    var reservedWindow: Int { self.window.reserved }

    /// Sends the headers that open or answer the stream.
    func writeHeaders(_ headers: HPACKHeaders, ends: Bool = false) {
        guard !self.isOver else { return }
        if ends { self.outputHasEnded = true }
        self.send(.headers(.init(headers: headers, endStream: ends)))
    }

    func write(_ bytes: ByteBuffer, sent: (() -> Void)?) {
        // An empty DATA frame would count as an attack at the peer (maximumSequentialEmptyDataFrames).
        guard !self.isOver, !self.outputHasEnded, bytes.readableBytes > 0 else { return sent?() ?? () }
        self.send(.data(.init(data: .byteBuffer(bytes))), sent: sent)
    }

    func flush() {
        guard !self.isOver else { return }
        self.context?.flush()
    }

    func finish() {
        guard !self.isOver, !self.outputHasEnded else { return }
        self.outputHasEnded = true
        self.send(.data(.init(data: .byteBuffer(ByteBuffer()), endStream: true)))
        self.context?.flush()
        self.endIfDone()
    }

    func reset() {
        self.reset(code: .connectError)
    }

    /// Resets the stream with another code than the one that stands for RST.
    func reset(code: HTTP2ErrorCode) {
        guard !self.isOver else { return }
        self.end()
        guard let context = self.context else { return }
        context.writeAndFlush(self.wrapOutboundOut(.rstStream(code)), promise: nil)
    }

    func setReading(_ isReading: Bool) {}

    /// Not to be called while frames are being delivered: the library may have seen an END_STREAM that this pipe has
    /// not, and takes a WINDOW_UPDATE after it for an error.
    func passedOn(byteCount: Int) {
        guard !self.isOver, !self.inputHasEnded, let context = self.context else { return }
        let credit = self.window.passedOn(
            byteCount,
            now: MonotonicTime.now(),
            roundTrip: self.link.smallestRoundTrip,
            budget: &self.link.budget
        )
        guard let credit, credit > 0 else { return }
        context.writeAndFlush(self.wrapOutboundOut(.windowUpdate(windowSizeIncrement: credit)), promise: nil)
    }

    /// Opens the window as far as was reserved for the stream, once, unless the peer has ended already.
    func openWindow() {
        guard !self.windowIsOpen, !self.inputHasEnded, !self.isOver else { return }
        self.windowIsOpen = true
        guard self.window.reserved > 0 else { return }
        self.send(.windowUpdate(windowSizeIncrement: self.window.reserved))
        self.flush()
    }

    /// No answer came in time: resets the stream and notifies the owner.
    func giveUp() {
        guard !self.isOver else { return }
        let owner = self.owner
        self.reset(code: .cancel)
        owner?.pipeFailed(self)
    }

    /// The link is gone, and this stream with it.
    func linkLost() {
        self.fail()
    }

    private func send(_ payload: HTTP2Frame.FramePayload, sent: (() -> Void)? = nil) {
        if let context = self.context, context.channel.isActive {
            context.write(self.wrapOutboundOut(payload), promise: context.eventLoop.promise(calling: sent))
        } else {
            self.early.append((payload, sent))
        }
    }

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

    func channelActive(context: ChannelHandlerContext) {
        guard !self.isOver else {
            // Given up before the stream existed: nothing has been sent, and nothing will be.
            context.close(promise: nil)
            return
        }
        let early = self.early
        self.early = []
        for (payload, sent) in early {
            context.write(self.wrapOutboundOut(payload), promise: context.eventLoop.promise(calling: sent))
        }
        context.flush()
        self.owner?.pipeWritabilityChanged(self)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch self.unwrapInboundIn(data) {
        case .headers(let frame):
            self.received(frame.headers)
            if frame.endStream { self.inputEnded() }
        case .data(let frame):
            if case .byteBuffer(let bytes) = frame.data, bytes.readableBytes > 0 {
                if let owner = self.owner, self.isAnswered {
                    owner.pipe(self, received: bytes)
                }
            }
            if frame.endStream { self.inputEnded() }
        case .rstStream, .windowUpdate, .priority, .settings, .pushPromise, .ping, .goAway, .alternativeService,
            .origin:
            // A reset arrives as an error with the closing of the channel; the others concern NIO alone.
            break
        }
    }

    private func received(_ headers: HPACKHeaders) {
        guard self.isAnswered else {
            let status = headers.first(name: ":status")
            self.isAnswered = true
            self.link.streamAnswered(self)
            if status == "200" {
                (self.owner as? any StreamPipeOwner)?.streamAccepted(self)
            } else {
                let owner = self.owner
                self.reset(code: .noError)
                if let owner = owner as? any StreamPipeOwner {
                    owner.stream(self, refused: StreamRefusal(headers))
                } else {
                    owner?.pipeFailed(self)
                }
            }
            return
        }
        // Trailers, which no peer sends, are ignored.
        guard self.awaitsRequest else { return }
        self.awaitsRequest = false
        self.link.received(request: headers, on: self)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        self.openWindow()
        self.owner?.pipeReadComplete(self)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        self.owner?.pipeWritabilityChanged(self)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // Followed by channelInactive when the stream is over; other errors belong to single frames.
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.fail()
    }

    private func inputEnded() {
        guard !self.inputHasEnded, !self.isOver else { return }
        self.inputHasEnded = true
        self.owner?.pipeEnded(self)
        self.endIfDone()
    }

    private func endIfDone() {
        // The owner is kept: it may still pass on what it holds.
        guard self.inputHasEnded, self.outputHasEnded, !self.isOver else { return }
        self.end()
    }

    private func fail() {
        guard !self.isOver else { return }
        let owner = self.owner
        self.end()
        owner?.pipeFailed(self)
    }

    private func end() {
        self.isOver = true
        self.early = []
        self.owner = nil
        self.link.streamEnded(self)
    }
}
