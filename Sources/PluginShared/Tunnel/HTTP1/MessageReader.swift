import NIOCore
import Requests

/// The head of a message of which it is certain where it ends.
protocol MessageHead: Sendable {
    var byteCount: Int { get }
    var framing: BodyFraming { get }
}

/// Reads one head as its bytes come.
protocol HeadReader {
    associatedtype Head: MessageHead
    mutating func read(_ bytes: UnsafeRawBufferPointer) -> HeadReading<Head>
}

extension RequestHead: MessageHead {}
extension ResponseHead: MessageHead {}
extension RequestHeadReader: HeadReader {}
extension ResponseHeadReader: HeadReader {}

/// Cuts bytes into the parts of a message, which stay as they came. A value.
struct MessageReader<Reader: HeadReader> {
    /// The next of what has come.
    enum Piece {
        case head(Reader.Head, ByteBuffer)
        case body(ByteBuffer)
        /// The message ends; what follows waits.
        case end
        /// Where it ends is not certain: what follows waits, and is not read any more.
        case ambiguous(FramingAmbiguity)
    }

    private enum State {
        case head(Reader)
        case body(BodyReader)
        case ended
        case lost
    }

    private var state: State
    private var buffer = ByteBuffer()

    /// A message whose head this one reads.
    init(_ reader: Reader) { self.state = .head(reader) }

    /// How many bytes wait to be taken.
    var byteCount: Int { self.buffer.readableBytes }
    /// Whether all of it has come.
    var hasEnded: Bool { if case .ended = self.state { true } else { false } }

    /// Another message begins with the bytes that wait.
    mutating func begin(_ reader: Reader) { self.state = .head(reader) }

    /// All that follows is its body.
    mutating func beginEndless() { self.state = .body(BodyReader(.untilClose)) }

    /// No more of it comes.
    mutating func finish() { self.state = .ended }

    /// Nothing is read any more.
    mutating func stop() { self.state = .lost }

    /// Takes all bytes out that wait.
    mutating func takeRest() -> ByteBuffer {
        defer { self.buffer = ByteBuffer() }
        return self.buffer
    }

    /// What the bytes that wait are, by somebody who does not take them.
    func peek<Value>(_ body: (UnsafeRawBufferPointer) -> Value) -> Value { self.buffer.withUnsafeReadableBytes(body) }

    /// Takes bytes in.
    mutating func append(_ bytes: ByteBuffer) {
        if self.byteCount == 0 { self.buffer = bytes } else { self.buffer.writeImmutableBuffer(bytes) }
    }

    /// The next piece; `nil` until more bytes come.
    mutating func next() -> Piece? {
        let state = self.state
        // A reader that two have is copied, with all the fields that it knows, each time it learns another.
        self.state = .lost
        switch state {
        case .head(let reader): return self.readHead(reader)
        case .body(let reader): return self.readBody(reader)
        case .ended, .lost:
            self.state = state
            return nil
        }
    }

    private mutating func readHead(_ reader: consuming Reader) -> Piece? {
        switch self.buffer.withUnsafeReadableBytes({ reader.read($0) }) {
        case .incomplete:
            self.state = .head(reader)
            return nil
        case .ambiguous(let why): return .ambiguous(why)
        case .head(let head):
            self.state = .body(BodyReader(head.framing))
            return .head(head, self.take(head.byteCount))
        }
    }

    private mutating func readBody(_ reader: consuming BodyReader) -> Piece? {
        let reading = self.buffer.withUnsafeReadableBytes { reader.read($0) }
        self.state = .body(reader)
        switch reading {
        case .all: return self.byteCount > 0 ? .body(self.takeRest()) : nil
        case .end(0):
            self.state = .ended
            return .end
        case .end(let count): return .body(self.take(count))
        case .ambiguous(let why):
            self.state = .lost
            return .ambiguous(why)
        }
    }

    /// The next bytes, which are there.
    private mutating func take(_ count: Int) -> ByteBuffer {
        // What is read to its end does not keep the buffer that it was received in.
        count == self.byteCount ? self.takeRest() : self.buffer.readSlice(length: count) ?? ByteBuffer()
    }
}
