import NIOCore
import Requests

/// Sees requests and answers in the bytes of an HTTP/1 connection. It keeps no more than heads of requests that are under way,
/// and follows no further what it does not understand. A value.
struct HTTP1Observer {
    /// The most requests that may be ahead of their answers: 128.
    static let maximumUnderWay = 128
    /// The most bytes of their heads: 256 KiB.
    static let maximumHeads = 262_144

    private let keepsContent: Bool
    private var requests = RequestReader()
    private var answer: AnswerReader?
    /// In the order in which they are answered.
    private var underWay: [ObservedExchange] = []
    /// When the request began that is being read; `nil` between requests.
    private var began: Duration?
    /// Whether the request that is being read is still under way: it may have been answered already.
    private var isReadingLast = false
    private var hasSeenRequest = false
    private(set) var isOver = false

    /// An observer of a connection on which nothing has been sent.
    init(keepsContent: Bool) { self.keepsContent = keepsContent }

    /// Bytes of contents that are kept.
    var keptByteCount: Int { self.underWay.reduce(0) { $0 + $1.keptByteCount } }

    /// The caller sent bytes.
    ///
    /// - Parameters:
    ///   - began: When the first of them came, where that is known to be earlier.
    ///   - keeps: Whether contents may be kept.
    mutating func callerSent(
        _ bytes: ByteBuffer, at now: Duration, began: Duration? = nil, keeps: Bool
    ) -> [ObservedEvent] {
        if self.began == nil { self.began = began ?? now }
        self.requests.append(bytes)
        while let piece = self.isOver ? nil : self.requests.next() {
            switch piece {
            case .head(let head, _): self.begin(head, now)
            case .body(let bytes):
                if self.isReadingLast {
                    self.underWay[self.underWay.count - 1].requestBody.append(bytes, keeps: keeps && self.keepsContent)
                }
            case .end:
                if self.isReadingLast { self.underWay[self.underWay.count - 1].sentAt = now }
                self.isReadingLast = false
                self.began = self.requests.byteCount > 0 ? now : nil
            case .opaque(let why, _): return self.stop(self.hasSeenRequest ? Self.uncertain(why) : Self.noHTTP)
            }
        }
        return []
    }

    private mutating func begin(_ head: RequestHead, _ now: Duration) {
        let exchange = ObservedExchange(head, began: self.began ?? now, keepsContent: self.keepsContent)
        let heads = self.underWay.reduce(exchange.headByteCount) { $0 + $1.headByteCount }
        guard self.underWay.count < Self.maximumUnderWay, heads <= Self.maximumHeads else { return self.isOver = true }
        self.hasSeenRequest = true
        self.isReadingLast = true
        self.underWay.append(exchange)
        if self.answer == nil { self.answer = AnswerReader(answering: exchange.kind) }
    }

    /// The server sent bytes.
    mutating func serverSent(_ bytes: ByteBuffer, at now: Duration, keeps: Bool) -> [ObservedEvent] {
        guard !self.underWay.isEmpty else {
            // Nobody has asked: it says why it ends an idle connection, or does not wait for a slow request.
            return self.stop(nil)
        }
        self.answer?.append(bytes)
        self.underWay[0].answeredAt = self.underWay[0].answeredAt ?? now
        var events: [ObservedEvent] = []
        while let piece = self.isOver ? nil : self.answer?.next() {
            switch piece {
            case .interim:
                self.underWay[0].hasInterim = true
                self.underWay[0].answeredAt = nil
            case .head(let head, _):
                self.underWay[0].answeredAt = self.underWay[0].answeredAt ?? now
                self.underWay[0].answerBegan(head, keepsContent: self.keepsContent)
            case .body(let bytes): self.underWay[0].answerBody.append(bytes, keeps: keeps && self.keepsContent)
            case .end:
                let isRefused = self.underWay[0].isRefused
                events.append(self.finishFirst(.whole, now))
                // Whether its body still comes nobody can tell (RFC 9110 §10.1.1).
                if isRefused { self.isOver = true }
            case .tunnel(let head, _):
                self.underWay[0].answerBegan(head, keepsContent: self.keepsContent)
                events.append(self.finishFirst(.whole, now))
                self.isOver = true
            case .opaque: events += self.stop(Self.uncertainAnswer)
            }
        }
        return events
    }

    private mutating func finishFirst(_ end: ObservedRequest.End, _ now: Duration) -> ObservedEvent {
        let request = self.underWay.removeFirst().finished(end, at: now)
        if self.underWay.isEmpty { self.isReadingLast = false }
        let rest = self.answer?.takeRest() ?? ByteBuffer()
        self.answer = self.underWay.first.map { AnswerReader(answering: $0.kind) }
        if rest.readableBytes > 0 {
            if self.answer == nil { self.isOver = true } else { self.underWay[0].answeredAt = now }
            self.answer?.append(rest)
        }
        return .request(request)
    }

    /// The connection is over, or its server has ended its half.
    mutating func ended(_ end: ObservedRequest.End, at now: Duration) -> [ObservedEvent] {
        self.isOver = true
        defer { self.underWay = [] }
        return self.underWay.map { exchange in
            .request(exchange.finished(end == .closed && exchange.lastsUntilClose ? .whole : end, at: now))
        }
    }

    private mutating func stop(_ why: String?) -> [ObservedEvent] {
        self.isOver = true
        self.underWay = []
        return why.map { [.notRead($0)] } ?? []
    }

    static let noHTTP = "no HTTP"
    private static let uncertainAnswer = "HTTP in which it is not certain where an answer ends"
    private static func uncertain(_ why: FramingAmbiguity) -> String {
        "HTTP in which it is not certain where a request ends (\(why))"
    }
}
