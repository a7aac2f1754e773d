/// Reads a head line by line, as its bytes come: each byte is looked for an end once, however many pieces they come in.
///
/// What is wrong is said at the first byte or line that is, not at the head's end, which may never come: a client of another
/// protocol waits for an answer to its first line.
struct HeadLines<Line: StartLine>: Sendable {
    /// The longest head, in bytes, with its last CRLF: 64 KiB, eight times what most servers take.
    static var maximumByteCount: Int { 65_536 }

    private(set) var startLine: Line?
    private(set) var fields: [HeadField] = []
    /// Where the line begins that is not whole yet.
    private var lineStart = 0
    /// Up to where it has been looked for its end.
    private var scanned = 0

    /// Goes on reading.
    ///
    /// - Parameter bytes: All bytes from the head's first on: those of the last call and what has come since.
    /// - Returns: How many bytes the head takes; `nil` while it is not whole.
    mutating func read(_ bytes: UnsafeRawBufferPointer) throws(FramingAmbiguity) -> Int? {
        let limit = min(bytes.count, Self.maximumByteCount)
        while let end = try self.lineEnd(bytes, before: limit) {
            if end == self.lineStart {
                guard self.startLine != nil else { throw .emptyLineFirst }
                return end + 2
            }
            if self.startLine == nil {
                self.startLine = try Line(bytes, self.lineStart..<end)
                self.fields.reserveCapacity(16)
            } else {
                self.fields.append(try HeadField(bytes, self.lineStart..<end))
            }
            self.lineStart = end + 2
            self.scanned = self.lineStart
        }
        guard bytes.count < Self.maximumByteCount else { throw .headTooLong }
        return nil
    }

    /// Where the line's CRLF is; `nil` while it is not there.
    private mutating func lineEnd(
        _ bytes: UnsafeRawBufferPointer, before limit: Int
    ) throws(FramingAmbiguity) -> Int? {
        var position = self.scanned
        defer { self.scanned = position }
        while position < limit {
            let byte = bytes[position]
            if !byte.isControl || byte == 0x09 {
                position += 1
                continue
            }
            guard byte == 0x0D else { throw byte == 0x0A ? .bareLineFeed : .controlCharacter }
            guard position + 1 < limit else { return nil }
            guard bytes[position + 1] == 0x0A else { throw .bareCarriageReturn }
            return position
        }
        return nil
    }
}
