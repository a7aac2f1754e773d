import NIOCore
import Requests

/// Follows requests and answers of HTTP/1 on a connection whose bytes are carried as they are, so that it can be ended behind an
/// answer that says so: a client that reads `Connection: close` sends no other request (RFC 9112 §9.6). A value.
///
/// It may begin anywhere: with the connection's first byte, or with bytes of the caller that look like a request where all before
/// them is answered, as far as anybody can see. The latter it believes once it has seen a whole exchange from there, and
/// changes nothing before. What it does not understand, requests that are sent ahead too, it follows no further.
struct HTTP1Exchange {
    /// Where the connection stands.
    enum Standing: Equatable {
        /// Not in an exchange that could be followed.
        case unknown
        /// A request came, and its answer is not complete.
        case answering
        /// The answer is complete, and another request may be on its way.
        case answered
        /// The answer is complete, and has told the caller that it was the last.
        case closing
    }

    private enum State: Equatable {
        /// No request has been seen. Next: `answering`.
        case waiting
        /// A request came, or its first bytes. Next: `answered`, `closing`, `waiting`, `lost`.
        case answering
        /// Everything that was asked is answered. Next: `answering`, `lost`.
        case answered
        /// The last answer is complete. Final.
        case closing
        /// Followed no further. Final.
        case lost
    }

    private var state: State
    /// Whether the exchange that is followed certainly is one.
    private var isCertain: Bool
    private var request = RequestReader()
    /// Of the request that came last; `nil` until its head is whole.
    private var head: RequestHead?
    private var isComplete = false
    /// Keeps the bytes of a head that is not whole yet.
    private var answer: AnswerReader?
    /// Whether the caller was told that no answer follows this one.
    private(set) var isLast = false

    /// Begins to follow.
    ///
    /// - Parameter isFresh: Whether no byte has come on the connection so far, from neither side.
    init(isFresh: Bool) {
        self.state = isFresh ? .answered : .waiting
        self.isCertain = isFresh
    }

    /// Where the connection stands now.
    var standing: Standing {
        switch self.state {
        case .waiting, .lost: .unknown
        case .answering: .answering
        case .answered: .answered
        case .closing: .closing
        }
    }

    /// Records bytes from the caller.
    ///
    /// - Parameter isAnswered: Whether the last bytes before them came from the server.
    mutating func callerSent(_ bytes: ByteBuffer, isAnswered: Bool) {
        switch self.state {
        case .waiting:
            let looksLike = bytes.withUnsafeReadableBytes(CallerProtocol.sniff)
            if isAnswered, looksLike == .http1 { self.begin(bytes) }
        case .answered: self.begin(bytes)
        case .answering:
            // What is sent ahead behind the last request is not answered.
            if self.isComplete, !self.isLast { self.giveUp() } else if !self.isComplete { self.read(bytes) }
        case .closing, .lost: break
        }
    }

    private mutating func begin(_ bytes: ByteBuffer) {
        self.state = .answering
        (self.request, self.head, self.isComplete) = (RequestReader(), nil, false)
        self.read(bytes)
    }

    private mutating func read(_ bytes: ByteBuffer) {
        self.request.append(bytes)
        while !self.isComplete, let piece = self.request.next() {
            switch piece {
            case .head(let head, _):
                self.head = head
                self.answer = AnswerReader(answering: head.methodKind)
            case .body: break
            case .end: self.isComplete = true
            case .opaque: return self.giveUp()
            }
        }
        if self.isComplete, self.request.byteCount > 0 { self.giveUp() }
    }

    /// Records bytes from the server.
    ///
    /// - Returns: What the caller gets, now.
    mutating func serverSent(_ bytes: ByteBuffer) -> ByteBuffer {
        switch self.state {
        case .closing: return ByteBuffer()
        case .answering where self.head != nil:
            self.answer?.append(bytes)
            return self.readAnswer()
        case .answering, .answered: self.giveUp()
        case .waiting, .lost: break
        }
        var all = self.takeRest()
        all.add(bytes)
        return all
    }

    /// Takes out what waits of a head: the server sends no more of it, or nobody follows the connection any more.
    mutating func takeRest() -> ByteBuffer {
        defer { self.answer = nil }
        return self.answer?.takeRest() ?? ByteBuffer()
    }

    private mutating func readAnswer() -> ByteBuffer {
        var result = ByteBuffer()
        while let piece = self.answer?.next() {
            switch piece {
            case .interim(let bytes), .body(let bytes): result.add(bytes)
            case .head(let head, let bytes):
                result.add(self.last(head) ?? bytes)
                // It ends with the connection, which the server ends.
                if head.framing == .untilClose { self.giveUp() }
            case .end: self.answerEnded()
            case .opaque(let bytes):
                result.add(bytes)
                self.giveUp()
            case .tunnel(_, let bytes):
                result.add(bytes)
                self.state = .lost
            }
            if self.state != .answering { break }
        }
        // A server that does not speak HTTP may wait for the caller to have what is no head.
        if self.state == .answering, self.answer?.mayBeHead == false { self.giveUp() }
        if self.state != .answering { result.add(self.takeRest()) }
        return result
    }

    /// The head as that of the last answer, where it is certain that it is one, and that the caller would ask again.
    private mutating func last(_ answer: ResponseHead) -> ByteBuffer? {
        guard self.isCertain, self.isComplete, answer.keepsAlive, self.head?.keepsAlive == true else { return nil }
        self.isLast = true
        return ByteBuffer(bytes: answer.closing)
    }

    private mutating func answerEnded() {
        if self.isLast {
            // What comes behind it answers nothing that the caller asks again elsewhere.
            (self.state, self.answer) = (.closing, nil)
        } else if self.isComplete, self.answer?.hasExcess == false {
            (self.state, self.isCertain) = (.answered, true)
        } else {
            self.giveUp()
        }
    }

    /// It is no exchange, or none that could be followed. Where that was not certain, another may be.
    private mutating func giveUp() {
        self.state = self.isCertain ? .lost : .waiting
        // Nobody sees where it ends: what the caller sends behind it is its upstream's.
        self.isLast = false
    }
}

extension ByteBuffer {
    /// Puts bytes behind these, without a copy where there are none.
    fileprivate mutating func add(_ bytes: ByteBuffer) {
        if self.readableBytes == 0 { self = bytes } else { self.writeImmutableBuffer(bytes) }
    }
}
