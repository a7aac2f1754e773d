import NIOCore
import Requests

/// A request that is under way, and its answer, as somebody sees them who only looks. A value.
struct ObservedExchange {
    /// A head that is kept.
    struct Head {
        var byteCount: Int?
        var reason = ""
        var fields: [ObservedField]

        /// About as many bytes as it takes.
        var size: Int { self.byteCount ?? self.fields.reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count + 64 } }
    }

    let method: String
    let target: String
    let version: String
    let kind: MethodKind
    /// When its first byte came.
    let began: Duration
    /// When its last byte came.
    var sentAt: Duration?
    /// When the answer's first byte came.
    var answeredAt: Duration?
    var status: Int?
    var grpcStatus: Int?
    /// Whether the answer lasts until the connection ends.
    var lastsUntilClose = false
    /// Whether the caller waits for a 100 before it sends the body.
    private(set) var expectsContinue = false
    var hasInterim = false
    var requestBody: ObservedBody
    var answerBody = ObservedBody(.empty)
    /// `nil` where nothing is kept.
    var requestHead: Head?
    var answerHead: Head?

    /// Bytes that are kept of it.
    var keptByteCount: Int { self.requestBody.content.count + self.answerBody.content.count }
    /// About as many bytes as it takes without bodies.
    var headByteCount: Int {
        (self.requestHead?.size ?? 0) + (self.answerHead?.size ?? 0) + self.target.utf8.count + 256
    }

    /// Whether a caller that waited for a 100 has got another answer, and has sent no body.
    var isRefused: Bool {
        self.expectsContinue && !self.hasInterim && self.requestBody.byteCount == 0 && self.sentAt == nil
    }

    /// A request of HTTP/1 whose head has come.
    init(_ head: RequestHead, began: Duration, keepsContent: Bool) {
        self.init(
            method: String(decoding: head.method, as: UTF8.self), target: Self.printable(head.target),
            version: head.version == .http11 ? "HTTP/1.1" : "HTTP/1.0", kind: head.methodKind, framing: head.framing,
            began: began)
        self.expectsContinue = head.expectsContinue
        if keepsContent { self.requestHead = Head(byteCount: head.byteCount, fields: Self.fields(head.fields)) }
    }

    /// A request of any version.
    init(
        method: String, target: String, version: String, kind: MethodKind, framing: BodyFraming, began: Duration
    ) {
        self.method = method
        self.target = target
        self.version = version
        self.kind = kind
        self.began = began
        self.requestBody = ObservedBody(framing)
    }

    /// The head of its final answer has come.
    mutating func answerBegan(_ head: ResponseHead, keepsContent: Bool) {
        self.status = head.status
        self.lastsUntilClose = head.framing == .untilClose
        self.answerBody = ObservedBody(head.framing)
        guard keepsContent else { return }
        // `HTTP/1.1 200 `, and then the words.
        let line = head.fields.bytes.prefix { $0 != 0x0D }.dropFirst(13)
        self.answerHead = Head(
            byteCount: head.byteCount, reason: String(decoding: line, as: UTF8.self), fields: Self.fields(head.fields))
    }

    /// What came of it.
    func finished(_ end: ObservedRequest.End, at now: Duration) -> ObservedRequest {
        ObservedRequest(
            method: self.method, target: self.target, version: self.version, status: self.status, end: end,
            grpcStatus: self.grpcStatus, requestByteCount: self.requestBody.byteCount,
            answerByteCount: self.answerBody.byteCount, sent: self.sentAt.map { $0 - self.began },
            answered: self.status == nil ? nil : self.answeredAt.map { $0 - self.began },
            duration: now - self.began,
            request: Self.message(self.requestHead, self.requestBody, isWhole: self.sentAt != nil),
            answer: Self.message(self.answerHead, self.answerBody, isWhole: end == .whole))
    }

    private static func message(_ head: Head?, _ body: ObservedBody, isWhole: Bool) -> ObservedMessage? {
        head.map {
            ObservedMessage(
                headByteCount: $0.byteCount, reason: $0.reason, fields: $0.fields, content: body.content,
                isWhole: isWhole && body.isWhole)
        }
    }

    private static func fields(_ fields: HeadFields) -> [ObservedField] {
        fields.all.map {
            ObservedField(
                name: String(decoding: $0.name, as: UTF8.self), value: String(decoding: $0.value, as: UTF8.self))
        }
    }

    /// A target as a URL may have it: what is no printable ASCII is percent-encoded (RFC 3986 §2.1).
    static func printable(_ target: some Collection<UInt8>) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var text: [UInt8] = []
        text.reserveCapacity(target.count)
        for byte in target {
            if byte > 0x20, byte < 0x7F {
                text.append(byte)
            } else {
                text += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
