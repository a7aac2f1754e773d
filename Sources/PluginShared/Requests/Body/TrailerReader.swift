/// Checks the trailers of a chunked body (RFC 9112 §7.1.2), byte by byte, and finds their end.
struct TrailerReader: Sendable {
    /// The most bytes of all trailers, with the last CRLF: as many as a head may have.
    static let maximumByteCount = 65_536

    private enum State: Sendable {
        case lineStart
        case name
        case value
        /// Between CR and LF behind a field.
        case lineFeed
        /// Between CR and LF behind the last field.
        case lastLineFeed
    }

    private var state = State.lineStart
    private var count = 0

    /// Goes on reading.
    ///
    /// - Returns: Whether this byte is the last.
    mutating func read(_ byte: UInt8) throws(FramingAmbiguity) -> Bool {
        self.count += 1
        guard self.count <= Self.maximumByteCount else { throw .trailersTooLong }
        switch self.state {
        case .lineStart, .name: self.state = try Self.name(byte, isFirst: self.state == .lineStart)
        case .value:
            guard byte != 0x0A else { throw .bareLineFeed }
            guard !byte.isControl || byte == 0x09 || byte == 0x0D else { throw .controlCharacter }
            if byte == 0x0D { self.state = .lineFeed }
        case .lineFeed, .lastLineFeed:
            guard byte == 0x0A else { throw .bareCarriageReturn }
            if self.state == .lastLineFeed { return true }
            self.state = .lineStart
        }
        return false
    }

    private static func name(_ byte: UInt8, isFirst: Bool) throws(FramingAmbiguity) -> State {
        if byte.isToken { return .name }
        switch byte {
        case UInt8(ascii: ":"):
            guard !isFirst else { throw .emptyName }
            return .value
        case 0x0D:
            guard isFirst else { throw .noColon }
            return .lastLineFeed
        case 0x0A: throw .bareLineFeed
        case 0x09, 0x20: throw isFirst ? .foldedLine : .spaceInName
        default: throw byte.isControl ? .controlCharacter : .malformedName
        }
    }
}
