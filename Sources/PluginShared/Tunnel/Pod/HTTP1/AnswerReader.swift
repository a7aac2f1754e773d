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
        case tunnel(ByteBuffer)
        /// It is not certain where the answer ends: these bytes, and all that follow, are the caller's.
        case opaque(ByteBuffer)
    }

    private enum State {
        case head(ResponseHeadReader)
        case body(BodyReader)
        case ended
        case lost
    }

    private let method: MethodKind
    private var state: State
    private var buffer = ByteBuffer()

    /// The answer to a request with this method.
    init(answering method: MethodKind) {
        self.method = method
        self.state = .head(ResponseHeadReader(answering: method))
    }

    /// Whether all of it has come.
    var hasEnded: Bool { if case .ended = self.state { true } else { false } }
    /// Whether more came than the answer has.
    var hasExcess: Bool { self.hasEnded && self.buffer.readableBytes > 0 }

    /// Takes bytes in.
    mutating func append(_ bytes: ByteBuffer) {
        if self.buffer.readableBytes == 0 { self.buffer = bytes } else { self.buffer.writeImmutableBuffer(bytes) }
    }

    /// The next piece; `nil` until more bytes come.
    mutating func next() -> Piece? {
        switch self.state {
        case .head(var reader):
            guard self.buffer.readableBytes > 0 else { return nil }
            let reading = self.buffer.withUnsafeReadableBytes { reader.read($0) }
            self.state = .head(reader)
            switch reading {
            case .incomplete: return nil
            case .ambiguous: return self.opaque()
            case .head(let head): return self.take(head)
            }
        case .body(var reader):
            let reading = self.buffer.withUnsafeReadableBytes { reader.read($0) }
            self.state = .body(reader)
            switch reading {
            case .all:
                return self.buffer.readableBytes > 0 ? .body(self.buffer.take(self.buffer.readableBytes)) : nil
            case .end(0):
                self.state = .ended
                return .end
            case .end(let count): return .body(self.buffer.take(count))
            case .ambiguous: return self.opaque()
            }
        case .ended, .lost: return nil
        }
    }

    private mutating func take(_ head: ResponseHead) -> Piece {
        if head.isInterim {
            self.state = .head(ResponseHeadReader(answering: self.method))
            return .interim(self.buffer.take(head.byteCount))
        }
        guard head.framing != .tunnel else {
            self.state = .lost
            return .tunnel(self.takeRest())
        }
        self.state = .body(BodyReader(head.framing))
        return .head(head, self.buffer.take(head.byteCount))
    }

    /// What follows belongs to the answer, however long it lasts.
    private mutating func opaque() -> Piece {
        self.state = .body(BodyReader(.untilClose))
        return .opaque(self.takeRest())
    }

    /// Takes all bytes out that wait: those of a head that is not complete.
    mutating func takeRest() -> ByteBuffer {
        defer { self.buffer = ByteBuffer() }
        return self.buffer
    }

    /// No more comes.
    mutating func finish() { self.state = .ended }
}
