import NIOCore
import NIOHPACK
import NIOHTTP2

/// HTTP/2 on a pipe, with a caller or with whoever answers. Its pipe's owner passes on what the pipe says.
final class HTTP2Connection {
    private let pipe: any BytePipe
    private let role: HTTP2Role
    private let windows: RequestWindows
    private let budget: ReadBudget
    private weak var owner: (any HTTP2ConnectionOwner)?
    private let carrier: HTTP2Carrier
    private var handler: HTTP2ConnectionHandler?
    private var multiplexer: NIOHTTP2Handler.StreamMultiplexer?
    private var streams: [ObjectIdentifier: HTTP2Stream] = [:]
    /// Of what came, bytes that were not passed on.
    private var underWay = 0
    /// Bytes that came since the pipe was last told.
    private var uncredited = 0
    private var isDelivering = false
    /// Streams whose windows are to be opened.
    private var due: [HTTP2Stream] = []
    private var isLeaving = false
    /// Whether the peer knows that it ends.
    private(set) var hasLeft = false

    /// - Parameter wrote: Told how many bytes go out.
    init(
        _ pipe: any BytePipe, role: HTTP2Role, windows: RequestWindows, budget: ReadBudget,
        owner: any HTTP2ConnectionOwner,
        wrote: @escaping (Int) -> Void
    ) {
        self.pipe = pipe
        self.role = role
        self.windows = windows
        self.budget = budget
        self.owner = owner
        self.carrier = HTTP2Carrier(pipe: pipe, wrote: wrote)
    }

    deinit { self.budget.giveBack(self.underWay) }

    /// Puts HTTP/2 on the pipe, and begins to read it.
    func start(on loop: any EventLoop) throws {
        let bound = NIOLoopBound(self, eventLoop: loop)
        let handler = HTTP2ConnectionHandler(connection: self)
        self.handler = handler
        let http2 = NIOHTTP2Handler(
            mode: self.role == .client ? .client : .server, eventLoop: loop,
            connectionConfiguration: HTTP2Configuration.requests(role: self.role),
            streamConfiguration: HTTP2Configuration.requestStream(),
            inboundStreamInitializer: { channel in bound.value.peerOpened(channel) })
        try self.pipe.add([self.carrier, FrameHeaderGuard(reader: self.role), http2, handler])
        self.multiplexer = try http2.syncMultiplexer()
        handler.write(
            .windowUpdate(windowSizeIncrement: HTTP2Configuration.connectionWindow - HTTP2Configuration.defaultWindow))
        self.updateReading()
    }

    // MARK: What the pipe says

    func received(_ bytes: ByteBuffer) {
        self.isDelivering = true
        self.uncredited += bytes.readableBytes
        self.carrier.received(bytes)
    }

    func readComplete() {
        self.carrier.readComplete()
        self.isDelivering = false
        let due = self.due
        self.due = []
        for stream in due { stream.openWindow() }
        self.updateReading()
    }

    func writabilityChanged() { self.carrier.writabilityChanged() }

    // MARK: Streams

    /// Begins a stream; `nil` when the connection is over.
    func openStream(owner: any HTTP2StreamOwner) -> HTTP2Stream? {
        guard let multiplexer, let handler, let loop = handler.loop else { return nil }
        let stream = self.makeStream()
        stream.owner = owner
        let bound = NIOLoopBound(stream, eventLoop: loop)
        let opened = loop.makePromise(of: (any Channel).self)
        opened.futureResult.assumeIsolated().whenFailure { _ in stream.lost() }
        multiplexer.createStreamChannel(promise: opened) { channel in
            channel.eventLoop.makeCompletedFuture { try Self.prepare(channel, bound.value) }
        }
        return stream
    }

    private func peerOpened(_ channel: any Channel) -> EventLoopFuture<Void> {
        let stream = self.makeStream()
        self.owner?.connection(self, opened: stream)
        return channel.eventLoop.makeCompletedFuture { try Self.prepare(channel, stream) }
    }

    private static func prepare(_ channel: any Channel, _ stream: HTTP2Stream) throws {
        // A pipe's own channel has it off, and streams have it from there.
        try channel.syncOptions?.setOption(.autoRead, value: true)
        try channel.pipeline.syncOperations.addHandler(stream)
    }

    private func makeStream() -> HTTP2Stream {
        let window = StreamWindow(initialWindow: HTTP2Configuration.defaultWindow, opening: 0)
        let stream = HTTP2Stream(connection: self, window: window)
        self.streams[ObjectIdentifier(stream)] = stream
        return stream
    }

    func ended(_ stream: HTTP2Stream) {
        guard self.streams.removeValue(forKey: ObjectIdentifier(stream)) != nil else { return }
        self.windows.budget.release(stream.reservedWindow)
    }

    // MARK: Slowing the peer down

    func took(_ byteCount: Int) {
        self.underWay += byteCount
        self.budget.take(byteCount)
    }

    func passedOn(_ byteCount: Int) {
        self.underWay -= byteCount
        self.budget.giveBack(byteCount)
        self.updateReading()
    }

    /// How much a stream may have more, for bytes that were passed on.
    func credit(_ byteCount: Int, of window: inout StreamWindow) -> Int {
        window.passedOn(byteCount, now: MonotonicTime.now(), roundTrip: nil, budget: &self.windows.budget) ?? 0
    }

    func openWindowSoon(of stream: HTTP2Stream) {
        if self.isDelivering { self.due.append(stream) } else { stream.openWindow() }
    }

    /// What a connection may have under way while the budget of all is full: 256 KiB. Frames of the connection itself come that way,
    /// too, and let others of it move on.
    private static let share = 262_144

    private func updateReading() {
        guard !self.isDelivering else { return }
        let mayRead = self.underWay < Self.share || !self.budget.isFull
        self.pipe.setReading(mayRead)
        guard mayRead, self.uncredited > 0 else { return }
        let byteCount = self.uncredited
        self.uncredited = 0
        self.pipe.passedOn(byteCount: byteCount)
    }

    // MARK: The end

    /// A GOAWAY without an error and with the highest number: begin no more streams; those that are on their way are taken (RFC 9113
    /// §6.8). The library would refuse them behind a GOAWAY of its own.
    private static let goAway = ByteBuffer(bytes: [0, 0, 8, 7, 0, 0, 0, 0, 0, 0x7F, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0])

    /// Tells the peer that the connection ends. Once it has answered a PING behind that, it begins no more streams.
    func leave() {
        guard !self.isLeaving, let handler else { return }
        self.isLeaving = true
        self.pipe.write(Self.goAway)
        handler.write(.ping(HTTP2PingData(withInteger: 0), ack: false))
    }

    func pingAcknowledged() {
        guard self.isLeaving, !self.hasLeft else { return }
        self.hasLeft = true
        self.owner?.connectionHasLeft(self)
    }

    func peerLeaves(last: HTTP2StreamID) {
        self.owner?.connectionIsLeft(self)
        for stream in Array(self.streams.values) { stream.peerLeaves(last: last) }
    }

    /// What concerns one stream, it is told by itself. Where the peer broke the protocol, the library says GOAWAY and reads no further.
    func errorCaught() { if self.carrier.saidGoAway { self.owner?.connectionFailed(self) } }

    /// Lets go of the pipe, which is over or soon will be: so are all streams.
    func close() {
        self.owner = nil
        self.handler = nil
        // It holds the closure that holds this connection.
        self.multiplexer = nil
        self.due = []
        self.carrier.end()
        for stream in Array(self.streams.values) { stream.lost() }
    }
}
