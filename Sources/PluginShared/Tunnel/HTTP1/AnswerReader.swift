import NIOCore
import Requests

/// Cuts what an upstream sends into the answer to one request; all bytes stay as they came. A value.
struct AnswerReader {
    /// The next of what has come.
    enum Piece {
        /// The head of an answer behind which another follows (1xx).
        case interim(ByteBuffer)
        /// The head.
        case head(ResponseHead, ByteBuffer)
        /// Bytes of the body.
        case body(ByteBuffer)
        /// The answer ends; no byte may follow before the next request.
        case end
        /// Nothing is HTTP any more, in both directions, behind this head: it was asked for.
        case tunnel(ResponseHead, ByteBuffer)
        /// It is not certain where the answer ends: these bytes, and all that follow, are the caller's.
        case opaque(ByteBuffer)
    }

    private let method: MethodKind
    private var message: MessageReader<ResponseHeadReader>

    /// The answer to a request with this method.
    init(answering method: MethodKind) {
        self.method = method
        self.message = MessageReader(ResponseHeadReader(answering: method))
    }

    /// Whether all of it has come.
    var hasEnded: Bool { self.message.hasEnded }
    /// Whether more came than the answer has.
    var hasExcess: Bool { self.hasEnded && self.message.byteCount > 0 }

    /// Whether the bytes that wait can be a head's first.
    var mayBeHead: Bool { self.message.peek { zip($0, "HTTP/1.".utf8).allSatisfy(==) } }

    /// Takes bytes in.
    mutating func append(_ bytes: ByteBuffer) { self.message.append(bytes) }

    /// Takes all bytes out that wait: those of a head that is not complete.
    mutating func takeRest() -> ByteBuffer { self.message.takeRest() }

    /// No more comes.
    mutating func finish() { self.message.finish() }

    /// The next piece; `nil` until more bytes come.
    mutating func next() -> Piece? {
        switch self.message.next() {
        case .head(let head, var bytes):
            if head.isInterim {
                self.message.begin(ResponseHeadReader(answering: self.method))
                return .interim(bytes)
            }
            guard head.framing == .tunnel else { return .head(head, bytes) }
            self.message.stop()
            bytes.writeImmutableBuffer(self.takeRest())
            return .tunnel(head, bytes)
        case .body(let bytes): return .body(bytes)
        case .end: return .end
        case .ambiguous:
            // What follows belongs to the answer, however long it lasts.
            self.message.beginEndless()
            return .opaque(self.takeRest())
        case nil: return nil
        }
    }
}
