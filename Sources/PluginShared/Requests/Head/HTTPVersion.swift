/// The versions of HTTP/1.
public enum HTTPVersion: Sendable, Hashable {
    /// HTTP/1.0, in which a connection ends behind an answer unless both say `keep-alive`.
    case http10
    /// HTTP/1.1.
    case http11

    /// How many bytes a version has: `HTTP/1.1`.
    static let length = 8

    /// The version that stands in these bytes, its case as it has to be (RFC 9112 §2.3).
    ///
    /// - Parameter range: It lies within the buffer.
    init?(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) {
        guard range.count == Self.length else { return nil }
        let name: StaticString = "HTTP/1."
        for offset in 0..<7 where bytes[range.lowerBound + offset] != name.utf8Start[offset] { return nil }
        switch bytes[range.lowerBound + 7] {
        case UInt8(ascii: "0"): self = .http10
        case UInt8(ascii: "1"): self = .http11
        default: return nil
        }
    }
}
