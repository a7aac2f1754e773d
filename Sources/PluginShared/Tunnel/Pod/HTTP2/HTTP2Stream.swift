import NIOCore
import NIOHPACK
import NIOHTTP2

/// One stream of an ``HTTP2Connection``: a request, or the answer to one.
///
/// What comes is told at once; what slows the peer down is the stream's window, which only this class opens.
final class HTTP2Stream: ChannelInboundHandler {
    typealias InboundIn = HTTP2Frame.FramePayload
    typealias OutboundOut = HTTP2Frame.FramePayload

    var owner: (any HTTP2StreamOwner)?
    /// Whether the peer has said that it never looked at it, and will not.
    private(set) var isUnprocessed = false
    private var inputHasEnded = false
    /// Whether the last frame was sent on, and whether it is on its way.
    private(set) var outputHasEnded = false
    private var outputIsSent = false
    /// Whether its first frame is on its way.
    private var isBegun = false
    /// With which it is reset once all is on its way.
    private var lateCode: HTTP2ErrorCode?
    private var isOver = false
    private weak var connection: HTTP2Connection?
    private var context: ChannelHandlerContext?
    /// Frames that were sent before the channel was there.
    private var early: [(payload: HTTP2Frame.FramePayload, sent: (() -> Void)?)] = []
    private var window: StreamWindow
    private var code: HTTP2ErrorCode?
    /// Bytes that came and were not passed on.
    private var underWay = 0
    /// By how much the peer's window is to be opened.
    private var credit = 0

    init(connection: HTTP2Connection, window: StreamWindow) {
        self.connection = connection
        self.window = window
    }

    /// Bytes of the windows' budget that it holds.
    var reservedWindow: Int { self.window.reserved }

    // MARK: Sending

    func send(_ headers: HPACKHeaders, ends: Bool) {
        self.send(.headers(.init(headers: headers, endStream: ends)), ends: ends) { self.isBegun = true }
    }

    /// Sends bytes; `sent` is called once, when they are on their way or will never be.
    func send(_ bytes: ByteBuffer, ends: Bool, sent: (() -> Void)? = nil) {
        // Empty frames in a row are taken for an attack.
        guard ends || bytes.readableBytes > 0 else { return sent?() ?? () }
        self.send(.data(.init(data: .byteBuffer(bytes), endStream: ends)), ends: ends, sent: sent)
    }

    private func send(_ payload: HTTP2Frame.FramePayload, ends: Bool, sent: (() -> Void)?) {
        guard !self.isOver, !self.outputHasEnded else { return sent?() ?? () }
        self.outputHasEnded = ends
        let sent =
            ends
            ? {
                sent?(); self.outputSent()
            } : sent
        if let context, context.channel.isActive {
            context.write(self.wrapOutboundOut(payload), promise: context.eventLoop.promise(calling: sent))
        } else {
            self.early.append((payload, sent))
        }
    }

    private func outputSent() {
        self.outputIsSent = true
        guard let code = self.lateCode, !self.isOver else { return self.endIfDone() }
        let owner = self.owner
        self.reset(code: code)
        owner?.streamEnded(self)
    }

    func flush() { if !self.isOver { self.context?.flush() } }

    /// Ends it behind what was sent, which a reset would throw away.
    func reset(behindOutput code: HTTP2ErrorCode) {
        if self.outputHasEnded, !self.outputIsSent { self.lateCode = code } else { self.reset(code: code) }
    }

    /// Ends it at once. Harmless when it has ended.
    func reset(code: HTTP2ErrorCode) {
        guard !self.isOver else { return }
        // What waits here would be dropped.
        self.context?.flush()
        self.end()
        guard let context else { return }
        let channel = context.channel
        // One that the peer never saw has nobody else to close it.
        let promise = context.eventLoop.promise { channel.close(promise: nil) }
        context.writeAndFlush(self.wrapOutboundOut(.rstStream(code)), promise: promise)
    }

    // MARK: The peer's window

    /// So many of the bytes that came were passed on.
    func passedOn(_ byteCount: Int) {
        // What a stream that is over had under way was given back.
        guard let connection, !self.isOver else { return }
        connection.passedOn(byteCount)
        self.underWay -= byteCount
        guard !self.inputHasEnded else { return self.endIfDone() }
        self.credit += connection.credit(byteCount, of: &self.window)
        if self.credit > 0 { connection.openWindowSoon(of: self) }
    }

    /// Opens the window by what is due. Not while frames are delivered: the library may have seen an END_STREAM that is not told yet,
    /// and takes a WINDOW_UPDATE behind it for an error.
    func openWindow() {
        let credit = self.credit
        self.credit = 0
        guard credit > 0, !self.isOver, !self.inputHasEnded, let context else { return }
        context.writeAndFlush(self.wrapOutboundOut(.windowUpdate(windowSizeIncrement: credit)), promise: nil)
    }

    /// The peer goes, and has looked at no stream with a higher number; what waits to be begun it takes no more.
    func peerLeaves(last: HTTP2StreamID) {
        guard let channel = self.context?.channel, self.isBegun else {
            self.isUnprocessed = true
            let channel = self.context?.channel
            self.lost()
            return channel?.close(promise: nil) ?? ()
        }
        let id = try? channel.syncOptions?.getOption(HTTP2StreamChannelOptions.streamID)
        self.isUnprocessed = id.map { $0 > last } ?? true
    }

    // MARK: The channel

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func channelActive(context: ChannelHandlerContext) {
        guard !self.isOver else { return context.close(promise: nil) }
        let early = self.early
        self.early = []
        for (payload, sent) in early {
            context.write(self.wrapOutboundOut(payload), promise: context.eventLoop.promise(calling: sent))
        }
        context.flush()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch self.unwrapInboundIn(data) {
        case .headers(let frame):
            self.inputHasEnded = frame.endStream
            self.owner?.stream(self, received: frame.headers, ends: frame.endStream)
        case .data(let frame): self.received(frame)
        case .rstStream, .windowUpdate, .priority, .settings, .pushPromise, .ping, .goAway, .alternativeService,
            .origin:
            // A reset comes as an error, too; the others concern the library alone.
            break
        }
    }

    private func received(_ frame: HTTP2Frame.FramePayload.Data) {
        guard case .byteBuffer(let bytes) = frame.data else { return }
        self.inputHasEnded = frame.endStream
        // Padding has taken room in the window, too.
        let padding = frame.paddingBytes.map { $0 + 1 } ?? 0
        self.underWay += bytes.readableBytes + padding
        self.connection?.took(bytes.readableBytes + padding)
        if padding > 0 { self.passedOn(padding) }
        guard let owner else { return self.passedOn(bytes.readableBytes) }
        owner.stream(self, received: bytes, ends: frame.endStream)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        self.owner?.streamReadComplete(self)
        self.endIfDone()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if let error = error as? NIOHTTP2Errors.StreamClosed { self.code = error.errorCode }
    }

    func channelInactive(context: ChannelHandlerContext) { self.lost() }

    /// It is gone: as it should, or with what was said of it.
    func lost() {
        // What is on its way is waited for.
        guard !self.isOver, !self.inputHasEnded || !self.outputHasEnded || self.code != nil else { return }
        let owner = self.owner
        self.end()
        owner?.stream(self, closed: self.code)
    }

    private func endIfDone() {
        guard self.inputHasEnded, self.outputIsSent, self.underWay == 0, !self.isOver else { return }
        let owner = self.owner
        self.end()
        owner?.streamEnded(self)
    }

    private func end() {
        self.isOver = true
        self.owner = nil
        let early = self.early
        self.early = []
        for (_, sent) in early { sent?() }
        self.connection?.ended(self)
        self.connection?.passedOn(self.underWay)
        self.underWay = 0
    }
}
