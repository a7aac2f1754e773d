/// Reads a chunked body (RFC 9112 §7.1), byte by byte in its lines, at once in its data.
struct ChunkedReader: Sendable {
    /// The longest line with a chunk's size and extension, in bytes without CRLF.
    static let maximumLineLength = 256
    /// The most digits of a size: those of 64 bits.
    static let maximumSizeDigits = 16

    private enum State: Sendable {
        /// In a chunk's size: what it is so far. `line` counts the line's bytes.
        case size(Int64, line: Int)
        /// In its extension.
        case chunkExtension(Int64, line: Int)
        /// Between CR and LF of its line.
        case lineFeed(Int64)
        /// In its data: so many bytes are left.
        case data(Int64)
        /// Behind its data.
        case dataEnd
        /// Between CR and LF behind its data.
        case dataLineFeed
        case trailers(TrailerReader)
        case ended
        case failed(FramingAmbiguity)
    }

    private var state = State.size(0, line: 0)

    /// Goes on reading; `content` is told each piece of data.
    mutating func read(
        _ bytes: UnsafeRawBufferPointer, _ content: (UnsafeRawBufferPointer) -> Void
    ) -> BodyReading {
        var position = 0
        do throws(FramingAmbiguity) {
            while true {
                if case .ended = self.state { return .end(byteCount: position) }
                if case .failed(let ambiguity) = self.state { return .ambiguous(ambiguity) }
                guard position < bytes.count else { return .all }
                if case .data(let left) = self.state {
                    let available = min(left, Int64(bytes.count - position))
                    content(UnsafeRawBufferPointer(rebasing: bytes[position..<(position + Int(available))]))
                    position += Int(available)
                    self.state = available == left ? .dataEnd : .data(left - available)
                } else {
                    self.state = try self.next(bytes[position])
                    position += 1
                }
            }
        } catch {
            self.state = .failed(error)
            return .ambiguous(error)
        }
    }

    /// The state behind a byte that is not data.
    private func next(_ byte: UInt8) throws(FramingAmbiguity) -> State {
        switch self.state {
        case .size(let size, let line): return try Self.size(size, line: line, byte)
        case .chunkExtension(let size, let line):
            if byte == 0x0D { return .lineFeed(size) }
            guard byte != 0x0A else { throw .bareLineFeed }
            guard !byte.isControl else { throw .malformedChunkExtension }
            guard line < Self.maximumLineLength else { throw .chunkLineTooLong }
            return .chunkExtension(size, line: line + 1)
        case .lineFeed(let size):
            guard byte == 0x0A else { throw .bareCarriageReturn }
            return size == 0 ? .trailers(TrailerReader()) : .data(size)
        case .dataEnd:
            guard byte == 0x0D else { throw .noChunkEnd }
            return .dataLineFeed
        case .dataLineFeed:
            guard byte == 0x0A else { throw .noChunkEnd }
            return .size(0, line: 0)
        case .trailers(var reader):
            return try reader.read(byte) ? .ended : .trailers(reader)
        case .data, .ended, .failed: return self.state
        }
    }

    private static func size(_ size: Int64, line: Int, _ byte: UInt8) throws(FramingAmbiguity) -> State {
        if let digit = byte.hexValue {
            let (shifted, overflow) = size.multipliedReportingOverflow(by: 16)
            guard !overflow, line < Self.maximumSizeDigits else { throw .malformedChunkSize }
            return .size(shifted | Int64(digit), line: line + 1)
        }
        guard byte != 0x0A else { throw .bareLineFeed }
        guard line > 0 else { throw .malformedChunkSize }
        switch byte {
        case 0x0D: return .lineFeed(size)
        case UInt8(ascii: ";"): return .chunkExtension(size, line: line + 1)
        // White space too, which may stand before an extension: readers differ in what they make of it.
        default: throw .malformedChunkSize
        }
    }
}
