import Logging
import NIOCore
import Requests

/// Carries HTTP/1 requests, each to whoever it belongs to, and the answers back in their order; all bytes stay as they came.
///
/// One request at a time: what a caller sends ahead waits here. What is no HTTP/1, or does not say for certain where it ends, is
/// left to a ``ByteForwarder``, or stays with the upstream that it is at.
final class RequestForwarder: Forwarder, StreamPipeOwner {
    weak var connection: PodConnection?
    let port: ProxyPort
    let caller: SocketPipe
    let core: PodCore
    let callerAddress: String
    private let id: UInt64
    private var reader = RequestReader()
    /// Whether the caller speaks HTTP/1, as far as it has said anything.
    private(set) var isHTTP = false
    /// The request that is under way.
    var request: RequestUnderWay?
    /// Connections on which nothing is under way, but perhaps the request's; by session, and that to the originals.
    var laptops: [String: RequestUpstream] = [:]
    var origin: RequestUpstream?
    private var callerHasEnded = false
    /// Where everything goes from here on, unread.
    private var pipe: RequestUpstream?
    private var bytes: ByteForwarder?

    /// Makes one for a caller that was accepted just now.
    init(id: UInt64, port: ProxyPort, caller: SocketPipe, callerAddress: String, core: PodCore) {
        self.id = id
        self.port = port
        self.caller = caller
        self.callerAddress = callerAddress
        self.core = core
    }

    var session: String? { self.bytes?.session ?? (self.pipe ?? self.request?.upstream)?.session }
    var readsRequests: Bool { self.bytes == nil && self.pipe == nil }
    var passesThrough: Bool {
        if let bytes { return bytes.passesThrough }
        return self.origin != nil && self.session == nil
    }
    var holdsBytes: Bool? {
        if let bytes { return bytes.holdsBytes }
        return (self.pipe ?? self.request?.upstream)?.relay.holdsBytes ?? (self.request == nil ? false : nil)
    }

    var isBetweenRequests: Bool? {
        self.readsRequests && self.isHTTP ? self.request == nil && self.reader.byteCount == 0 : nil
    }

    /// How long a caller may say nothing before the upstream is connected to, which may speak first: 200 ms.
    private static let silence = Duration.milliseconds(200)

    func start() {
        self.updateReading()
        self.core.loop.assumeIsolated().scheduleTask(in: TimeAmount(Self.silence)) {
            guard !self.isHTTP, self.readsRequests, self.reader.byteCount == 0, self.connection?.isOver == false else {
                return
            }
            self.ask(self.core.way(for: self.port.route))
        }
    }

    // MARK: What the caller does

    func callerSent(_ bytes: ByteBuffer) {
        if let forwarder = self.bytes { return forwarder.callerSent(bytes) }
        if let pipe { return pipe.relay.nearSent(bytes) }
        self.reader.append(bytes)
        self.readOn()
    }

    func callerEnded() {
        if let bytes { return bytes.callerEnded() }
        self.callerHasEnded = true
        if let pipe {
            pipe.relay.nearEnded()
            return self.endIfDone()
        }
        self.readOn()
        if self.request == nil, self.readsRequests, self.reader.byteCount > 0 {
            return self.leaveToBytes(self.reader.takeRest())
        }
        // A server that is told so early may not answer; it is told where that is all that can be.
        if let request, !request.isComplete { request.upstream?.pipe.finish() }
        self.endIfDone()
    }

    func callerReadComplete() {
        if let bytes { return bytes.callerReadComplete() }
        self.updateReading()
    }

    func callerWritabilityChanged() {
        if let bytes { return bytes.callerWritabilityChanged() }
        (self.pipe ?? self.request?.upstream)?.relay.flushNear()
        self.endIfDone()
    }

    /// Takes as much of what the caller has sent as belongs to the request under way, and begins the next when there is none.
    func readOn() {
        if !self.isHTTP, self.reader.byteCount > 0 {
            switch self.reader.peek(CallerProtocol.sniff) {
            case .http1: self.isHTTP = true
            case nil: if !self.callerHasEnded { return }
            case .http2: return self.leaveToBytes(self.reader.takeRest(), "HTTP/2")
            case .tls: return self.leaveToBytes(self.reader.takeRest(), "TLS")
            case .unknown: return self.leaveToBytes(self.reader.takeRest(), "no HTTP")
            }
        }
        while self.request?.isComplete != true, self.readsRequests, let piece = self.reader.next() {
            switch piece {
            case .head(let head, let bytes): self.begin(head, bytes)
            case .body(let bytes): self.send(bytes)
            case .end: self.request?.isComplete = true
            case .opaque(let why, let bytes):
                self.core.logger.debug(
                    "not read as HTTP", metadata: [LogKey.stream: "\(self.id)", LogKey.reason: "\(why)"])
                self.stopReading(bytes)
            }
        }
    }

    private func begin(_ head: RequestHead, _ bytes: ByteBuffer) {
        // What it asks for is a connection.
        guard !head.isConnect else {
            var all = bytes
            all.writeImmutableBuffer(self.reader.takeRest())
            return self.leaveToBytes(all)
        }
        self.request = RequestUnderWay(head)
        self.ask(self.core.way(for: head, at: self.port))
        self.send(bytes)
    }

    private func send(_ bytes: ByteBuffer) {
        self.request?.replay.sent(bytes)
        guard let upstream = self.request?.upstream else { return }
        self.core.counter(for: upstream.session)?.received(bytes.readableBytes)
        upstream.relay.nearSent(bytes)
    }

    /// From here on it is not certain what the caller's bytes are.
    private func stopReading(_ bytes: ByteBuffer) {
        guard self.request != nil else { return self.leaveToBytes(bytes) }
        // They may belong to what is under way.
        self.send(bytes)
        if let upstream = self.request?.upstream {
            self.leave(to: upstream)
        } else {
            self.request?.isOpaque = true
        }
    }

    /// Everything from here on goes where a connection of the port goes.
    ///
    /// - Parameter name: What the caller speaks, where that is why.
    private func leaveToBytes(_ bytes: ByteBuffer, _ name: String? = nil) {
        if let name { self.core.callerIsNotRead(at: self.port, name) }
        for upstream in self.upstreams { upstream.close() }
        (self.laptops, self.origin) = ([:], nil)
        let forwarder = ByteForwarder(
            id: self.id, port: self.port, caller: self.caller, callerAddress: self.callerAddress, core: self.core)
        forwarder.connection = self.connection
        self.bytes = forwarder
        forwarder.start()
        forwarder.callerSent(bytes)
        if self.callerHasEnded { forwarder.callerEnded() }
    }

    /// Everything from here on goes to this upstream, both ways.
    func leave(to upstream: RequestUpstream) {
        self.pipe = upstream
        self.request = nil
        for other in self.upstreams where other !== upstream { other.close() }
        self.laptops = upstream.session.map { [$0: upstream] } ?? [:]
        self.origin = upstream.session == nil ? upstream : nil
        let rest = self.reader.takeRest()
        if rest.readableBytes > 0 { upstream.relay.nearSent(rest) }
        if self.callerHasEnded { upstream.relay.nearEnded() }
        self.updateReading()
    }

    // MARK: The end

    var upstreams: [RequestUpstream] { Array(self.laptops.values) + (self.origin.map { [$0] } ?? []) }

    func finish() -> Bool {
        if let bytes { return bytes.finish() }
        for upstream in self.upstreams { upstream.pipe.finish() }
        return !self.upstreams.isEmpty
    }

    func reset() {
        self.bytes?.reset()
        for upstream in self.upstreams { upstream.reset() }
        (self.laptops, self.origin, self.pipe, self.request) = ([:], nil, nil, nil)
    }

    func updateReading() {
        guard self.connection?.isOver == false else { return }
        if let pipe { return pipe.relay.flushFar(allowsReading: true) }
        let mayWait = self.reader.byteCount < RequestReplay.limit
        if let request, !request.isComplete, let relay = request.upstream?.relay {
            return relay.flushFar(allowsReading: mayWait && request.replay.allowsReading)
        }
        self.request?.upstream?.relay.flushFarOnly()
        // Read on, so that it is seen when the caller goes.
        self.caller.setReading(mayWait && self.request?.replay.allowsReading != false)
    }

    /// Whatever is due behind the last bytes of an answer, or of a caller.
    func endIfDone() {
        if let pipe {
            guard pipe.relay.isFinished else { return }
            self.letGo()
            return self.connection?.forwarderEnded() ?? ()
        }
        if let request {
            guard request.isDone else { return }
            request.upstream?.hasAnswered = true
            self.request = nil
            // Both sides have been told that this was the last one.
            if !request.keepsAlive { return self.connection?.end() ?? () }
            self.readOn()
            self.updateReading()
        }
        if self.request == nil, self.callerHasEnded, self.readsRequests { self.connection?.end() }
    }

    private func letGo() {
        for upstream in self.upstreams { upstream.pipe.owner = nil }
        (self.laptops, self.origin, self.pipe, self.request) = ([:], nil, nil, nil)
    }
}
