import NIOCore
import NIOHPACK
import NIOHTTP2
import Requests

/// A request of an HTTP/2 caller that is under way, and its answer.
final class HTTP2Request: HTTP2StreamOwner {
    /// The caller's stream.
    private let caller: HTTP2Stream
    private weak var forwarder: HTTP2Forwarder?
    /// What has come of it, for as long as it can be asked of another upstream: head, bytes and trailers.
    private var headers: HPACKHeaders?
    private let replay: BudgetedReplay
    private var trailers: HPACKHeaders?
    /// Of its bytes, those that no upstream was sent.
    private var waiting = 0
    /// Whether all of it has come.
    private(set) var isComplete = false
    /// How often it was asked again.
    private(set) var repetitions = 0
    /// Where it is asked; `nil` before it has come.
    private(set) weak var upstream: HTTP2Upstream?
    /// That upstream's stream; `nil` while it is being connected to.
    private var stream: HTTP2Stream?

    init(caller: HTTP2Stream, forwarder: HTTP2Forwarder, budget: ReplayBudget) {
        self.caller = caller
        self.forwarder = forwarder
        self.replay = BudgetedReplay(budget: budget)
        caller.owner = self
    }

    /// The head, for rules; `nil` for one that has none of HTTP's words.
    var head: RequestHead? { self.headers.flatMap(RequestHead.init) }
    /// Whether it can be asked of another upstream: nothing of an answer was passed on.
    var isWhole: Bool { self.replay.isWhole }

    // MARK: Asking

    /// It is asked there, as soon as somebody can be.
    func use(_ upstream: HTTP2Upstream) { self.upstream = upstream }

    /// Asks it on the upstream's connection.
    ///
    /// - Parameter told: Its head as that upstream is told it.
    func ask(on connection: HTTP2Connection, as told: (HPACKHeaders) -> HPACKHeaders) {
        guard let headers, let bytes = self.replay.bytes, let stream = connection.openStream(owner: self) else {
            return self.fail(.refusedStream)
        }
        self.stream = stream
        let (waiting, caller) = (self.waiting, self.caller)
        self.waiting = 0
        let ends = self.isComplete && self.trailers == nil
        stream.send(told(headers), ends: ends && bytes.readableBytes == 0)
        if bytes.readableBytes > 0 { stream.send(bytes, ends: ends) { caller.passedOn(waiting) } }
        if let trailers { stream.send(trailers, ends: true) }
        stream.flush()
        self.replay.taken()
    }

    /// The upstream is gone.
    func lost() {
        self.stream?.owner = nil
        self.stream = nil
        self.upstream = nil
    }

    /// It is asked once more.
    func repeats() {
        self.repetitions += 1
        self.replay.lost()
    }

    /// Says nothing more of it: its connection is over.
    func forget() {
        self.caller.owner = nil
        self.stream?.owner = nil
    }

    /// Nobody can answer it, or nobody any more.
    func fail(_ code: HTTP2ErrorCode) {
        self.caller.reset(code: code)
        self.stream?.owner = nil
        self.stream?.reset(code: .cancel)
        self.end()
    }

    /// The caller is gone, or its upstream's answer is not wanted any more.
    func cancel(_ code: HTTP2ErrorCode) {
        self.stream?.owner = nil
        self.stream?.reset(code: code)
        self.end()
    }

    private func answered() {
        self.replay.answered()
        self.headers = nil
        self.upstream?.hasAnswered = true
    }

    private func end() {
        self.caller.owner = nil
        self.stream?.owner = nil
        self.stream = nil
        self.forwarder?.ended(self)
    }

    // MARK: What the streams say

    func stream(_ stream: HTTP2Stream, received headers: HPACKHeaders, ends: Bool) {
        guard stream === self.caller else {
            self.answered()
            return self.caller.send(headers, ends: ends)
        }
        self.isComplete = ends
        if self.upstream == nil, self.headers == nil {
            self.headers = headers
            self.forwarder?.begin(self)
        } else {
            self.trailers = headers
            self.stream?.send(headers, ends: ends)
        }
    }

    func stream(_ stream: HTTP2Stream, received bytes: ByteBuffer, ends: Bool) {
        let count = bytes.readableBytes
        guard stream === self.caller else {
            self.answered()
            return self.caller.send(bytes, ends: ends) { stream.passedOn(count) }
        }
        self.isComplete = ends
        self.replay.keep(bytes)
        if let upstream = self.stream {
            upstream.send(bytes, ends: ends) { stream.passedOn(count) }
        } else {
            self.waiting += count
        }
    }

    func streamReadComplete(_ stream: HTTP2Stream) {
        if stream === self.caller { self.stream?.flush() } else { self.caller.flush() }
    }

    func streamEnded(_ stream: HTTP2Stream) {
        if stream === self.caller { self.end() }
    }

    func stream(_ stream: HTTP2Stream, closed code: HTTP2ErrorCode?) {
        guard stream !== self.caller else { return self.cancel(code ?? .cancel) }
        guard let upstream = self.upstream else { return }
        if self.caller.outputHasEnded {
            // The answer is whole, and the rest of the request is not wanted.
            self.stream = nil
            return self.caller.reset(behindOutput: code ?? .internalError)
        }
        self.lost()
        self.forwarder?.lost(self, at: upstream, isUnprocessed: stream.isUnprocessed, code ?? .internalError)
    }
}
