import Logging
import NIOCore
import NIOHPACK
import NIOHTTP2

/// One authenticated connection with HTTP/2 on it, in either role. Lives on one event loop.
final class TunnelLink {
    /// How many streams may be opened before the link is replaced: the library adds to stream numbers unchecked and
    /// would trap at the end of their range (2³¹); ours end at 2²⁹, each stream taking two numbers.
    static let maximumOpened = 1 << 28
    /// Where a CONNECT says whose connection it is.
    private static let callerField = "kt-caller"

    let channel: any Channel
    let role: HTTP2Role
    let logger: Logger
    var budget: WindowBudget
    private(set) var health: LinkHealth
    private let timing: Timing
    private let linger: LingerHandler
    private var owner: (any TunnelLinkOwner)?
    private var server: (any TunnelStreamServer)?
    private var multiplexer: NIOHTTP2Handler.StreamMultiplexer?
    private var handler: LinkHandler?
    private var streams: [UInt64: StreamPipe] = [:]
    private var lastStreamID: UInt64 = 0
    private var control: ControlStream?
    private var earlyLines = ControlQueue()
    private var pings: [UInt64: EventLoopPromise<Duration>] = [:]
    private var tick: Scheduled<Void>?
    private var tickAt: Duration?
    private var peerIsLeaving = false
    private(set) var isClosed = false

    /// Makes a link on an authenticated connection; `start` sets it going.
    init(
        channel: any Channel,
        linger: LingerHandler,
        role: HTTP2Role,
        budget: WindowBudget,
        timing: Timing,
        owner: any TunnelLinkOwner,
        server: (any TunnelStreamServer)? = nil,
        logger: Logger
    ) {
        self.channel = channel
        self.linger = linger
        self.role = role
        self.budget = budget
        self.timing = timing
        self.owner = owner
        self.server = server
        self.logger = logger
        self.health = LinkHealth(
            timing: timing, suspectsPings: role == .server, now: MonotonicTime.now())
    }

    /// Streams open now, the control stream included.
    var streamCount: Int { self.streams.count }
    /// Whether a new connection may be sent through.
    var isUsable: Bool {
        self.health.standing == .up && !self.isClosed && !self.peerIsLeaving
            && self.streams.count < HTTP2Configuration.maximumStreams - 16
    }
    /// The last round trip; `nil` before the first.
    var roundTrip: Duration? { self.health.roundTrip }
    /// The smallest recent round trip; `nil` before the first.
    var smallestRoundTrip: Duration? { self.health.smallestRoundTrip }

    /// Whether nothing came for too long.
    var isDead: Bool { self.health.standing == .dead }
    /// Whether an acknowledgement is overdue, so that what was sent here may not have come yet.
    var isLate: Bool { !self.isClosed && self.health.isLate(now: MonotonicTime.now()) }

    /// Puts HTTP/2 on the connection and sends the first PING.
    func start() throws {
        let bound = NIOLoopBound(self, eventLoop: self.channel.eventLoop)
        let http2 = NIOHTTP2Handler(
            mode: self.role == .client ? .client : .server,
            eventLoop: self.channel.eventLoop,
            connectionConfiguration: HTTP2Configuration.connection(role: self.role, budget: self.budget),
            streamConfiguration: HTTP2Configuration.stream(),
            inboundStreamInitializer: { channel in bound.value.peerOpened(channel) }
        )
        let handler = LinkHandler(link: self)
        self.handler = handler
        let operations = self.channel.pipeline.syncOperations
        try operations.addHandler(FrameHeaderGuard(reader: self.role))
        try operations.addHandler(http2)
        try operations.addHandler(handler)
        self.multiplexer = try http2.syncMultiplexer()
        let increment = HTTP2Configuration.connectionWindow - HTTP2Configuration.defaultWindow
        handler.write(.init(streamID: .rootStream, payload: .windowUpdate(windowSizeIncrement: increment)))
        self.timePassed()
    }

    /// Starts, with the bytes that came behind the handshake, whose handler leaves.
    func takeOver(from handshake: HandshakeHandler, rest: ByteBuffer) {
        do {
            try self.start()
            let operations = self.channel.pipeline.syncOperations
            let context = try operations.context(handler: handshake)
            if rest.readableBytes > 0 {
                context.fireChannelRead(NIOAny(rest))
                context.fireChannelReadComplete()
            }
            operations.removeHandler(handshake, promise: nil)
        } catch {
            self.close(reason: "\(error)")
        }
    }

    // MARK: Streams

    /// Opens a stream to a route and sends its CONNECT; `nil` when the link cannot take one.
    ///
    /// - Parameter isTimed: Whether the peer answers at once, so that silence makes the link suspect.
    func openStream(
        route: String, caller: String, owner: any StreamPipeOwner, isTimed: Bool = true
    ) -> StreamPipe? {
        guard self.isUsable, let stream = self.makeOutboundStream(owner: owner) else { return nil }
        var headers = HPACKHeaders([(":method", "CONNECT"), (":authority", route)])
        headers.add(name: TunnelLink.callerField, value: caller)
        stream.writeHeaders(headers)
        stream.openWindow()
        guard isTimed else { return stream }
        self.health.connectSent(stream.id, now: MonotonicTime.now())
        self.arm()
        return stream
    }

    /// Sends a request with a body to a path; `nil` when the link cannot take one.
    func request(path: String, body: ByteBuffer, owner: any StreamPipeOwner) -> StreamPipe? {
        guard self.isUsable, let stream = self.makeOutboundStream(owner: owner) else { return nil }
        stream.writeHeaders(
            HPACKHeaders([
                (":method", "POST"), (":scheme", "http"), (":authority", "gateway"), (":path", path),
                ("content-type", "application/dns-message"),
            ])
        )
        stream.write(body)
        stream.finish()
        return stream
    }

    private func makeOutboundStream(owner: (any StreamPipeOwner)?) -> StreamPipe? {
        guard let multiplexer = self.multiplexer, !self.isClosed else { return nil }
        guard self.lastStreamID < UInt64(TunnelLink.maximumOpened) else {
            self.close(reason: "the link has used up its stream numbers")
            return nil
        }
        let stream = self.makeStream(isOpenedHere: true)
        stream.owner = owner
        let bound = NIOLoopBound(stream, eventLoop: self.channel.eventLoop)
        let opened = self.channel.eventLoop.makePromise(of: (any Channel).self)
        opened.futureResult.assumeIsolated().whenFailure { _ in stream.linkLost() }
        multiplexer.createStreamChannel(promise: opened) { channel in
            channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addHandler(bound.value)
            }
        }
        return stream
    }

    private func makeStream(isOpenedHere: Bool) -> StreamPipe {
        self.lastStreamID += 1
        let window = StreamWindow(
            initialWindow: self.budget.initialWindow,
            opening: self.budget.reserveOpening()
        )
        let stream = StreamPipe(id: self.lastStreamID, link: self, window: window, isOpenedHere: isOpenedHere)
        self.streams[stream.id] = stream
        return stream
    }

    private func peerOpened(_ channel: any Channel) -> EventLoopFuture<Void> {
        guard self.server != nil, !self.isClosed else {
            return channel.eventLoop.makeFailedFuture(ChannelError.operationUnsupported)
        }
        let stream = self.makeStream(isOpenedHere: false)
        return channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.addHandler(stream)
        }
    }

    /// A stream that the peer opened sent its request.
    func received(request headers: HPACKHeaders, on stream: StreamPipe) {
        let method = headers.first(name: ":method")
        if method == "CONNECT", let route = headers.first(name: ":authority") {
            self.server?.link(
                self, asked: stream, route: route, caller: headers.first(name: TunnelLink.callerField) ?? "")
        } else if method == "POST", headers.first(name: ":path") == "/control", self.control == nil {
            stream.writeHeaders(HPACKHeaders([(":status", "200")]))
            self.useForControl(stream, isOpen: true)
            stream.flush()
        } else if method == "POST", let path = headers.first(name: ":path"), let server = self.server {
            server.link(self, requested: stream, path: path)
        } else {
            stream.writeHeaders(HPACKHeaders([(":status", "404")]), ends: true)
            stream.flush()
        }
    }

    /// A stream got its answer, whatever it says.
    func streamAnswered(_ stream: StreamPipe) {
        self.handle(self.health.connectAnswered(stream.id, now: MonotonicTime.now()))
    }

    /// A stream is over.
    func streamEnded(_ stream: StreamPipe) {
        guard self.streams.removeValue(forKey: stream.id) != nil else { return }
        self.budget.release(stream.reservedWindow)
        self.health.connectWithdrawn(stream.id)
    }

    // MARK: Control lines

    /// Sends a line to the peer, or queues it until there is a control stream.
    func send(control line: String) {
        guard let bytes = ControlLines.encode(line) else { return }
        if let control = self.control {
            control.send(bytes)
        } else {
            self.earlyLines.append(bytes)
        }
    }

    private func openControl() {
        guard self.role == .client, let stream = self.makeOutboundStream(owner: nil) else { return }
        self.useForControl(stream, isOpen: false)
        stream.writeHeaders(
            HPACKHeaders([
                (":method", "POST"), (":scheme", "http"), (":authority", "control"), (":path", "/control"),
            ])
        )
    }

    private func useForControl(_ stream: StreamPipe, isOpen: Bool) {
        let control = ControlStream(
            stream: stream,
            isOpen: isOpen,
            received: { [weak self] line in
                guard let self else { return }
                self.owner?.link(self, received: line)
            },
            ended: { [weak self] in self?.control = nil }
        )
        self.control = control
        stream.owner = control
        while let line = self.earlyLines.popFirst() { control.send(line) }
    }

    // MARK: Heartbeat

    /// Sends a PING out of turn; the result is its round trip.
    func ping() -> EventLoopFuture<Duration> {
        guard !self.isClosed else {
            return self.channel.eventLoop.makeFailedFuture(TunnelLink.closedError)
        }
        let promise = self.channel.eventLoop.makePromise(of: Duration.self)
        let id = self.health.pingRequested(now: MonotonicTime.now())
        self.pings[id] = promise
        self.sendPing(id)
        return promise.futureResult
    }

    /// A PING came back.
    func pingAcknowledged(_ data: HTTP2PingData) {
        let acknowledged = self.health.pingAcknowledged(data.integer, now: MonotonicTime.now())
        self.pings.removeValue(forKey: data.integer)?.succeed(self.health.roundTrip ?? .zero)
        self.handle(acknowledged)
    }

    /// The peer says that it will take no more streams.
    func peerLeaves(code: HTTP2ErrorCode) {
        self.peerIsLeaving = true
        if code != .noError { self.close(reason: "the peer ended the link: \(code)") }
    }

    private func sendPing(_ id: UInt64) {
        self.handler?.write(
            .init(streamID: .rootStream, payload: .ping(HTTP2PingData(withInteger: id), ack: false))
        )
    }

    private func handle(_ acknowledged: LinkHealth.OnAcknowledged) {
        switch acknowledged {
        case .nothing: break
        case .becomeUp:
            self.openControl()
            self.owner?.linkCameUp(self)
        case .recover:
            self.owner?.linkRecovered(self)
        }
    }

    private func timePassed() {
        self.tick = nil
        self.tickAt = nil
        guard !self.isClosed else { return }
        if let lastRead = self.linger.lastRead { self.health.bytesReceived(at: lastRead) }
        for order in self.health.timePassed(now: MonotonicTime.now()) {
            switch order {
            case .sendPing(let id):
                self.sendPing(id)
            case .giveUp(let id):
                self.streams[id]?.giveUp()
            case .becomeSuspect:
                self.logger.debug("link suspect")
                self.owner?.linkBecameSuspect(self)
            case .declareDead:
                self.close(reason: "nothing came for \(self.timing.deadAfter)")
            }
        }
        self.arm()
    }

    private func arm() {
        guard !self.isClosed else { return }
        let deadline = self.health.nextDeadline
        if let tickAt = self.tickAt, tickAt <= deadline { return }
        self.tick?.cancel()
        self.tickAt = deadline
        // A little late is right: exactly at the deadline a rounded timer could come too soon.
        let delay = max(.zero, deadline - MonotonicTime.now()) + .milliseconds(1)
        self.tick = self.channel.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(delay)) { [weak self] in
            self?.timePassed()
        }
    }

    // MARK: End

    private static let closedError = TunnelError(code: .connectionClosed, message: "the tunnel has ended")

    /// Ends the link: GOAWAY, FIN, and reading on to the peer's EOF.
    func close(reason: String) {
        guard !self.isClosed else { return }
        self.isClosed = true
        self.tick?.cancel()
        self.tick = nil
        self.logger.debug("link closed", metadata: [LogKey.reason: "\(reason)"])
        self.handler?.write(
            .init(
                streamID: .rootStream,
                payload: .goAway(lastStreamID: .maxID, errorCode: .noError, opaqueData: nil)
            )
        )
        self.handler = nil
        // It holds the closure that holds this link.
        self.multiplexer = nil
        self.linger.linger(limit: self.timing.lingerLimit)
        let pings = self.pings
        self.pings = [:]
        for promise in pings.values { promise.fail(TunnelLink.closedError) }
        for stream in Array(self.streams.values) { stream.linkLost() }
        self.streams = [:]
        self.control = nil
        let owner = self.owner
        self.owner = nil
        self.server = nil
        owner?.link(self, closed: reason)
    }
}
