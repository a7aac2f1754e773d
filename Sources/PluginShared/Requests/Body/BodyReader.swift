/// Tells which bytes belong to a message's body, as they come. It keeps none of them.
public struct BodyReader: Sendable {
    private enum State: Sendable {
        /// So many bytes are left.
        case counting(Int64)
        case chunked(ChunkedReader)
        case endless
    }

    private var state: State

    /// A reader of what follows a head.
    public init(_ framing: BodyFraming) {
        switch framing {
        case .empty: self.state = .counting(0)
        case .length(let count): self.state = .counting(max(0, count))
        case .chunked: self.state = .chunked(ChunkedReader())
        case .untilClose, .tunnel: self.state = .endless
        }
    }

    /// Goes on reading. The work is the same for any number of bytes, but for those of chunks' lines and of trailers.
    ///
    /// - Parameter bytes: What follows the bytes of the last call; may be empty, and a body without bytes has ended then.
    /// - Returns: The same again behind the end, with 0 bytes, and behind what is ambiguous.
    public mutating func read(_ bytes: UnsafeRawBufferPointer) -> BodyReading {
        self.read(bytes) { _ in }
    }

    /// Goes on reading, and tells the bytes that are the content itself: all of them, but for chunks' lines and trailers.
    ///
    /// - Parameter content: Told each piece, in order.
    public mutating func read(
        _ bytes: UnsafeRawBufferPointer, content: (UnsafeRawBufferPointer) -> Void
    ) -> BodyReading {
        switch self.state {
        case .counting(let left):
            if left > Int64(bytes.count) {
                self.state = .counting(left - Int64(bytes.count))
                content(bytes)
                return .all
            }
            self.state = .counting(0)
            content(UnsafeRawBufferPointer(rebasing: bytes.prefix(Int(left))))
            return .end(byteCount: Int(left))
        case .chunked(var reader):
            let reading = reader.read(bytes, content)
            self.state = .chunked(reader)
            return reading
        case .endless:
            content(bytes)
            return .all
        }
    }
}
