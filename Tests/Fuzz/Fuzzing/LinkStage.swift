import Logging
import NIOCore
import NIOEmbedded

@testable import Tunnel

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// One end of a tunnel without sockets: a link on an embedded channel, and embedded channels as its local connections.
final class LinkStage: TunnelLinkOwner, TunnelStreamServer {
    private let loop = EmbeddedEventLoop()
    private let channel: EmbeddedChannel
    private let counts = ConnectionCounts()
    private var sockets: [EmbeddedChannel] = []
    private var closings = 0
    private var opened = 0
    private(set) var link: TunnelLink
    private let handler = LingerHandler()

    private static let logger = Logger(label: "fuzz") { _ in SwiftLogNoOpLogHandler() }
    /// Local connections at once; scripts are short.
    private static let most = 32

    init(role: HTTP2Role) {
        self.channel = EmbeddedChannel(handlers: [HalfClose(), self.handler], loop: self.loop)
        try? self.channel.connect(to: SocketAddress(unixDomainSocketPath: "/fuzz")).wait()
        let owner = Later()
        self.link = TunnelLink(
            channel: self.channel, linger: self.handler, role: role, budget: role == .client ? .pod : .laptop,
            timing: Timing(), owner: owner, server: role == .server ? owner : nil, logger: Self.logger)
        owner.stage = self
        try? self.link.start()
        self.drain()
    }

    // MARK: The peer

    func receive(_ bytes: [UInt8]) {
        guard self.channel.isActive else { return }
        _ = try? self.channel.writeInbound(ByteBuffer(bytes: bytes))
        self.drain()
    }

    func peerEnds() {
        guard self.channel.isActive else { return }
        self.channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        self.drain()
    }

    /// The connection goes away.
    func end() {
        _ = try? self.channel.finish(acceptAlreadyClosed: true)
        for socket in self.sockets { _ = try? socket.finish(acceptAlreadyClosed: true) }
        self.loop.run()
    }

    func linkStalls(_ stalls: Bool) {
        guard self.channel.isActive else { return }
        self.channel.isWritable = !stalls
        self.channel.pipeline.fireChannelWritabilityChanged()
        self.drain()
    }

    func timePasses(seconds: Int64) {
        self.loop.advanceTime(by: .seconds(seconds))
        self.drain()
    }

    // MARK: Local connections

    /// A caller comes, on the pod.
    func open() {
        guard self.link.role == .client, self.sockets.count < Self.most else { return }
        let (pipe, socket) = self.makeSocket()
        let caller = Caller(pipe)
        guard let stream = self.link.openStream(route: "web:80", caller: "192.0.2.1:1", owner: caller) else { return }
        self.sockets.append(socket)
        caller.use(stream)
        self.drain()
    }

    private func socket(_ index: Int) -> EmbeddedChannel? {
        guard !self.sockets.isEmpty else { return nil }
        let socket = self.sockets[index % self.sockets.count]
        return socket.isActive ? socket : nil
    }

    func localSends(_ index: Int, _ count: Int) {
        guard let socket = self.socket(index) else { return }
        _ = try? socket.writeInbound(ByteBuffer(repeating: 7, count: count))
        self.drain()
    }

    func localEnds(_ index: Int) {
        self.socket(index)?.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        self.drain()
    }

    func localFails(_ index: Int) {
        guard let socket = self.socket(index) else { return }
        socket.pipeline.fireErrorCaught(IOError(errnoCode: ECONNRESET, reason: "read"))
        _ = try? socket.finish(acceptAlreadyClosed: true)
        self.drain()
    }

    func localStalls(_ index: Int, _ stalls: Bool) {
        guard let socket = self.socket(index) else { return }
        socket.isWritable = !stalls
        socket.pipeline.fireChannelWritabilityChanged()
        self.drain()
    }

    private func makeSocket() -> (SocketPipe, EmbeddedChannel) {
        let pipe = SocketPipe()
        let socket = EmbeddedChannel(handlers: [HalfClose(), pipe], loop: self.loop)
        try? socket.connect(to: SocketAddress(unixDomainSocketPath: "/local")).wait()
        return (pipe, socket)
    }

    /// Takes what was written everywhere: nobody reads it here.
    private func drain() {
        self.loop.run()
        for channel in [self.channel] + self.sockets {
            while let _ = try? channel.readOutbound(as: ByteBuffer.self) {}
        }
    }

    // MARK: What must hold

    func check() throws(FuzzFailure) {
        let budget = self.link.budget
        try FuzzFailure.expect((0...budget.limit).contains(budget.reserved), "\(budget.reserved) bytes are reserved")
        try FuzzFailure.expect(
            self.link.streamCount > 0 || budget.reserved == 0, "\(budget.reserved) bytes are reserved for no stream")
        try FuzzFailure.expect(self.closings == (self.link.isClosed ? 1 : 0), "the end was told \(self.closings) times")
        try FuzzFailure.expect(!self.link.isClosed || self.link.streamCount == 0, "streams outlive their link")
    }

    // MARK: What the link says

    func linkCameUp(_ link: TunnelLink) {}
    func link(_ link: TunnelLink, closed reason: String) { self.closings += 1 }
    func link(_ link: TunnelLink, received control: String) {}

    /// The pod asks, on the laptop: every third route is refused, the others get a local connection.
    func link(_ link: TunnelLink, asked stream: StreamPipe, route: String, caller: String) {
        let connection = StreamConnection(stream: stream, counts: self.counts)
        self.opened += 1
        if self.opened % 3 == 0 || self.sockets.count >= Self.most {
            connection.refused(StreamRefusal(status: 502, reason: route))
        } else {
            let (pipe, socket) = self.makeSocket()
            self.sockets.append(socket)
            connection.connected(pipe)
        }
    }
}
