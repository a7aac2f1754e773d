import NIOCore
import Requests

/// Cuts what a caller sends into requests; all bytes stay as they came. A value.
struct RequestReader {
    /// The next of what has come.
    enum Piece {
        /// A request begins: its head, and the head's bytes.
        case head(RequestHead, ByteBuffer)
        /// Bytes of its body.
        case body(ByteBuffer)
        /// It ends, and the next begins behind.
        case end
        /// Where a message ends is not certain any more: these bytes, and all that follow, are nobody's in particular.
        case opaque(FramingAmbiguity, ByteBuffer)
    }

    private var message = MessageReader(RequestHeadReader())

    /// How many bytes wait to be taken.
    var byteCount: Int { self.message.byteCount }

    /// What the caller speaks, by the bytes that wait; `nil` while more are needed.
    var callerProtocol: CallerProtocol? { self.message.peek(CallerProtocol.sniff) }

    /// Takes all bytes out that wait, for whoever does not read requests.
    mutating func takeRest() -> ByteBuffer {
        self.message.stop()
        return self.message.takeRest()
    }

    /// Takes bytes in.
    mutating func append(_ bytes: ByteBuffer) { self.message.append(bytes) }

    /// The next piece; `nil` until more bytes come.
    mutating func next() -> Piece? {
        switch self.message.next() {
        case .head(let head, let bytes): return .head(head, bytes)
        case .body(let bytes): return .body(bytes)
        case .end:
            self.message.begin(RequestHeadReader())
            return .end
        case .ambiguous(let why): return .opaque(why, self.takeRest())
        case nil: return nil
        }
    }
}
