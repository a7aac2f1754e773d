import Logging
import NIOCore
import NIOHPACK
import NIOHTTP2
import Requests

/// Carries the requests of an HTTP/2 caller, each to whoever it belongs to, and the answers back, as many at a time as there are.
///
/// Each caller's connection has connections of its own to those that answer, so that no caller can hold up another's.
final class HTTP2Forwarder: Forwarder, HTTP2ConnectionOwner {
    weak var connection: PodConnection?
    let core: PodCore
    private let accepted: AcceptedCaller
    /// HTTP/2 with the caller.
    private var http2: HTTP2Connection?
    private var requests: [ObjectIdentifier: HTTP2Request] = [:]
    /// Those that take requests; by session, and that of the originals.
    private var laptops: [String: HTTP2Upstream] = [:]
    private var origin: HTTP2Upstream?
    /// Those that take no more, but have some.
    private var left: [HTTP2Upstream] = []
    private(set) lazy var forwarded = ForwardedFields(caller: self.accepted.host)
    private let replayBudget: ReplayBudget
    private var callerHasEnded = false

    init(_ accepted: AcceptedCaller, core: PodCore) {
        self.accepted = accepted
        self.core = core
        self.replayBudget = ReplayBudget(limit: ReplayBudget.connectionLimit, partOf: core.replayBudget)
    }

    var port: ProxyPort { self.accepted.port }
    private var upstreams: [HTTP2Upstream] { Array(self.laptops.values) + (self.origin.map { [$0] } ?? []) + self.left }

    var session: String? { self.upstreams.first { $0.session != nil && !$0.requests.isEmpty }?.session }
    var passesThrough: Bool { self.origin != nil && self.session == nil }
    let readsRequests = true
    var standing: HTTP1Exchange.Standing { self.isDone ? .closing : .answering }
    var endsBehindAnswers = false {
        didSet { if self.endsBehindAnswers { self.http2?.leave() } }
    }
    /// Whether nothing is under way, and no more will be.
    private var isDone: Bool { self.requests.isEmpty && (self.callerHasEnded || self.http2?.hasLeft == true) }
    var holdsBytes: Bool? { false }

    func isAt(_ session: String) -> Bool { self.upstreams.contains { $0.session == session && !$0.requests.isEmpty } }

    func start() {
        let http2 = HTTP2Connection(
            self.accepted.pipe, role: .server, windows: self.core.requestWindows, budget: self.core.counts.readBudget,
            owner: self
        ) { [weak self] _ in _ = self?.connection?.upstreamSent(ByteBuffer()) }
        self.http2 = http2
        do {
            try http2.start(on: self.core.loop)
        } catch {
            self.connection?.abort()
        }
    }

    // MARK: What the caller does

    func callerSent(_ bytes: ByteBuffer) { self.http2?.received(bytes) }

    func callerReadComplete() { self.http2?.readComplete() }

    func callerWritabilityChanged() { self.http2?.writabilityChanged() }

    /// What is asked is answered; what is asked in part never will be.
    func callerEnded() {
        self.callerHasEnded = true
        for request in Array(self.requests.values) where !request.isComplete { request.cancel(.cancel) }
        self.endIfDone()
    }

    func connection(_ connection: HTTP2Connection, opened stream: HTTP2Stream) {
        let request = HTTP2Request(caller: stream, forwarder: self, budget: self.replayBudget)
        self.requests[ObjectIdentifier(request)] = request
    }

    func connectionHasLeft(_ connection: HTTP2Connection) { self.endIfDone() }

    /// It has been told why.
    func connectionFailed(_ connection: HTTP2Connection) {
        for request in Array(self.requests.values) { request.cancel(.cancel) }
        self.connection?.end()
    }

    // MARK: Asking

    /// A request's head has come.
    func begin(_ request: HTTP2Request) { self.ask(request, self.way(for: request)) }

    private func way(for request: HTTP2Request) -> PodCore.Way {
        // What a CONNECT asks for is a connection.
        guard let head = request.head, !head.isConnect else { return self.core.way(for: self.port.route) }
        return self.core.way(for: head, at: self.port)
    }

    private func ask(_ request: HTTP2Request, _ way: PodCore.Way) {
        switch way {
        case .laptop(let link, let session):
            guard let upstream = self.laptops[session] ?? self.dial(link, session) else {
                return self.askOrigin(request, .laptopRefused)
            }
            upstream.ask(request)
        case .origin(let reason): self.askOrigin(request, reason)
        }
    }

    private func dial(_ link: TunnelLink, _ session: String) -> HTTP2Upstream? {
        let upstream = HTTP2Upstream(session: session, forwarder: self)
        guard let stream = link.openStream(route: self.port.route, caller: self.accepted.address, owner: upstream)
        else {
            return nil
        }
        upstream.wait(for: stream)
        self.laptops[session] = upstream
        return upstream
    }

    private func askOrigin(_ request: HTTP2Request, _ reason: PassThroughReason) {
        if let origin { return origin.ask(request) }
        self.core.passes(reason)
        let upstream = HTTP2Upstream(session: nil, forwarder: self)
        self.origin = upstream
        upstream.ask(request)
        self.core.dialOrigin(of: self.port) { [self] result in
            guard self.origin === upstream, self.connection?.isOver == false else {
                if case .success(let socket) = result { socket.reset() }
                return
            }
            switch result {
            case .success(let socket):
                socket.owner = upstream
                self.core.passedThrough(self.port)
                upstream.use(socket)
            case .failure(let error):
                self.core.logger.debug(
                    "origin unreachable",
                    metadata: [LogKey.route: "\(self.port.route)", LogKey.reason: "\(error)"])
                upstream.gone(isFailure: true)
            }
        }
    }

    // MARK: What is lost

    /// A request's stream is gone, while its upstream goes on, or takes no more.
    ///
    /// - Parameters:
    ///   - isUnprocessed: Whether nobody has looked at it.
    ///   - code: With which it was reset.
    func lost(_ request: HTTP2Request, at upstream: HTTP2Upstream, isUnprocessed: Bool, _ code: HTTP2ErrorCode) {
        upstream.ended(request)
        if upstream.session != nil || isUnprocessed, request.isWhole {
            self.askAgain(request, isUnprocessed ? upstream.session : nil)
        } else {
            request.fail(isUnprocessed ? .refusedStream : code)
        }
    }

    /// An upstream is gone, with the requests that were asked there.
    func lost(_ upstream: HTTP2Upstream, _ requests: [HTTP2Request], wasConnected: Bool, isFailure: Bool) {
        self.forget(upstream)
        guard let session = upstream.session else {
            // Without a tunnel the caller would see it, too.
            guard !wasConnected || requests.isEmpty || requests.count < self.requests.count else {
                return isFailure ? self.connection?.abort() ?? () : self.connection?.end() ?? ()
            }
            for request in requests { request.fail(wasConnected ? .internalError : .refusedStream) }
            return
        }
        if !wasConnected { self.core.laptop(answers: false, at: self.port, of: session) }
        for request in requests {
            // A connection that has answered may be closed at any time; a new one tells more.
            self.askAgain(request, upstream.hasAnswered ? session : nil)
        }
    }

    /// Asks a request once more, of the session's laptop if it still is that one's, or of the originals.
    private func askAgain(_ request: HTTP2Request, _ session: String?) {
        guard request.isWhole else { return request.fail(.internalError) }
        // Of a laptop once more, and of the originals; those that take nobody would be asked without end.
        guard request.repetitions < 2 else { return request.fail(.refusedStream) }
        request.repeats()
        let way = self.way(for: request)
        if request.repetitions == 1, case .laptop(_, session: session) = way { return self.ask(request, way) }
        self.askOrigin(request, .laptopRefused)
    }

    /// An upstream is asked no more.
    func forget(_ upstream: HTTP2Upstream) {
        if let session = upstream.session, self.laptops[session] === upstream { self.laptops[session] = nil }
        if self.origin === upstream { self.origin = nil }
        self.left.removeAll { $0 === upstream }
        if upstream.isLeft, !upstream.requests.isEmpty { self.left.append(upstream) }
    }

    /// A request is over.
    func ended(_ request: HTTP2Request) {
        guard self.requests.removeValue(forKey: ObjectIdentifier(request)) != nil else { return }
        request.upstream?.ended(request)
        self.endIfDone()
    }

    // MARK: The end

    private func endIfDone() {
        if self.isDone { self.connection?.end() }
    }

    func finish() -> Bool {
        for upstream in self.upstreams { upstream.finish() }
        return !self.upstreams.isEmpty
    }

    func reset() {
        for request in self.requests.values { request.forget() }
        for upstream in self.upstreams { upstream.reset() }
        self.http2?.close()
        (self.requests, self.laptops, self.origin, self.left, self.http2) = ([:], [:], nil, [], nil)
    }

    func reset(at session: String) {
        for request in Array(self.requests.values) where request.upstream?.session == session {
            request.fail(.internalError)
        }
    }
}
