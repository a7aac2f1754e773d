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

    private enum State {
        case head(RequestHeadReader)
        case body(BodyReader)
        case lost
    }

    private var state = State.head(RequestHeadReader())
    private var buffer = ByteBuffer()

    /// How many bytes wait to be taken.
    var byteCount: Int { self.buffer.readableBytes }

    /// Takes all bytes out that wait, for whoever does not read requests.
    mutating func takeRest() -> ByteBuffer {
        self.state = .lost
        defer { self.buffer = ByteBuffer() }
        return self.buffer
    }

    /// What the bytes that wait are, by somebody who does not take them.
    func peek<Value>(_ body: (UnsafeRawBufferPointer) -> Value) -> Value { self.buffer.withUnsafeReadableBytes(body) }

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
            case .ambiguous(let why): return .opaque(why, self.takeRest())
            case .head(let head):
                self.state = .body(BodyReader(head.framing))
                return .head(head, self.buffer.take(head.byteCount))
            }
        case .body(var reader):
            let reading = self.buffer.withUnsafeReadableBytes { reader.read($0) }
            self.state = .body(reader)
            switch reading {
            case .all:
                return self.buffer.readableBytes > 0 ? .body(self.buffer.take(self.buffer.readableBytes)) : nil
            case .end(0):
                self.state = .head(RequestHeadReader())
                return .end
            case .end(let count): return .body(self.buffer.take(count))
            case .ambiguous(let why): return .opaque(why, self.takeRest())
            }
        case .lost: return nil
        }
    }
}

extension ByteBuffer {
    /// The next bytes, which are there.
    mutating func take(_ count: Int) -> ByteBuffer { self.readSlice(length: count) ?? ByteBuffer() }
}
