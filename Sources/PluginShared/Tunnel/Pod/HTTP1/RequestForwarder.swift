import Logging
import NIOCore
import Requests

/// Carries HTTP/1 requests, each to whoever it belongs to, and the answers back in their order; all bytes stay as they came.
///
/// One request at a time: what a caller sends ahead waits here. What is no HTTP/1 is left to an ``HTTP2Forwarder`` or a
/// ``ByteForwarder``. Where it is not
/// certain any more whose bytes are whose, the originals get them all, and a laptop none.
final class RequestForwarder: Forwarder, StreamPipeOwner {
    weak var connection: PodConnection?
    let accepted: AcceptedCaller
    let core: PodCore
    /// What requests that a rule brings to a laptop say of the caller.
    private(set) lazy var forwarded = ForwardedFields(caller: self.accepted.host)
    var reader = RequestReader()
    /// Whether the caller speaks HTTP/1, as far as it has said anything.
    var isHTTP = false
    /// The request that is under way.
    var request: RequestUnderWay?
    /// Connections on which nothing is under way, but perhaps the request's; by session, and that to the originals.
    var laptops: [String: RequestUpstream] = [:]
    var origin: RequestUpstream?
    /// The upstream that was asked last.
    weak var lastAsked: RequestUpstream?
    var callerHasEnded = false
    /// Where everything goes from here on, unread.
    var pipe: RequestUpstream?
    var successor: (any Forwarder)?

    /// Makes one for a caller that was accepted just now.
    init(_ accepted: AcceptedCaller, core: PodCore) {
        self.accepted = accepted
        self.core = core
    }

    var port: ProxyPort { self.accepted.port }
    var caller: SocketPipe { self.accepted.pipe }
    /// Whether what comes is read here.
    var isReading: Bool { self.successor == nil && self.pipe == nil }
    var session: String? {
        if let successor { return successor.session }
        return (self.pipe ?? self.request?.upstream)?.session
    }
    var readsRequests: Bool { self.successor?.readsRequests ?? self.isReading }
    var passesThrough: Bool {
        if let successor { return successor.passesThrough }
        return self.origin != nil && self.session == nil
    }
    var holdsBytes: Bool? {
        if let successor { return successor.holdsBytes }
        return (self.pipe ?? self.request?.upstream)?.relay.holdsBytes ?? (self.request == nil ? false : nil)
    }

    var endsBehindAnswers = false {
        didSet { self.successor?.endsBehindAnswers = self.endsBehindAnswers }
    }
    var standing: HTTP1Exchange.Standing {
        if let successor { return successor.standing }
        guard self.isReading, self.isHTTP else { return .unknown }
        return self.request == nil && self.reader.byteCount == 0 ? .answered : .answering
    }

    func isAt(_ session: String) -> Bool { self.successor?.isAt(session) ?? (self.session == session) }

    /// How many bytes may wait here for a request to be answered: 4 KiB, by which it is seen that a caller goes.
    private static let mostAhead = 4_096
    /// How long a caller may say nothing before the upstream is connected to, which may speak first: 200 ms.
    private static let silence = Duration.milliseconds(200)

    func start() {
        self.updateReading()
        self.core.loop.assumeIsolated().scheduleTask(in: TimeAmount(Self.silence)) {
            guard !self.isHTTP, self.isReading, self.reader.byteCount == 0, self.connection?.isOver == false else {
                return
            }
            self.ask(self.core.way(for: self.port.route))
        }
    }

    // MARK: The end

    var upstreams: [RequestUpstream] { Array(self.laptops.values) + (self.origin.map { [$0] } ?? []) }

    func finish() -> Bool {
        if let successor { return successor.finish() }
        for upstream in self.upstreams { upstream.pipe.finish() }
        return !self.upstreams.isEmpty
    }

    func reset(at session: String) {
        if let successor { return successor.reset(at: session) }
        self.connection?.abort()
    }

    func reset() {
        self.successor?.reset()
        for upstream in self.upstreams { upstream.reset() }
        (self.laptops, self.origin, self.pipe, self.request) = ([:], nil, nil, nil)
    }

    func updateReading() {
        guard self.connection?.isOver == false else { return }
        if let pipe { return pipe.relay.flushFar(allowsReading: true) }
        // One byte more than a head may have, or nobody would say that it is too long. What is sent ahead waits with the caller.
        let limit = self.request?.isComplete == true ? Self.mostAhead : RequestReplay.limit
        let mayWait = self.reader.byteCount <= limit
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
            if !request.keepsAlive { return self.endConnection() }
            self.readOn()
            self.passEndOn()
            self.updateReading()
        }
        if self.request == nil, self.callerHasEnded, self.isReading { self.endConnection() }
    }

    /// Nothing that has not begun is asked any more: the caller asks it again elsewhere.
    func endConnection() {
        _ = self.reader.takeRest()
        self.connection?.end()
    }

    private func letGo() {
        for upstream in self.upstreams { upstream.pipe.owner = nil }
        (self.laptops, self.origin, self.pipe, self.request) = ([:], nil, nil, nil)
    }
}
