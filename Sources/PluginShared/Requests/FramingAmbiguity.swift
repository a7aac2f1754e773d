/// Why it is not certain where a message ends, or that all who read it see the same fields.
///
/// Nothing here is repaired or guessed. Some of it is allowed by RFC 9112, where a recipient has to choose one of two
/// readings: a server behind the proxy may choose the other one.
public enum FramingAmbiguity: Error, Hashable, Sendable, CustomStringConvertible {
    /// The head is longer than 64 KiB.
    case headTooLong
    /// A CR without LF (RFC 9112 §2.2).
    case bareCarriageReturn
    /// An LF without CR (RFC 9112 §2.2).
    case bareLineFeed
    /// A NUL, or another control character but the tab.
    case controlCharacter
    /// An empty line before the first one. A server should ignore one (RFC 9112 §2.2): not each does, and not each only one.
    case emptyLineFirst
    /// The first line is not `METHOD TARGET VERSION`, with one space in between.
    case malformedRequestLine
    /// The first line is not `VERSION STATUS REASON`.
    case malformedStatusLine
    /// Neither HTTP/1.0 nor HTTP/1.1.
    case unknownVersion
    /// A line begins with a space or a tab: obs-fold (RFC 9112 §5.2), or a space behind the first line (§2.2).
    case foldedLine
    /// A field without a colon.
    case noColon
    /// A field without a name.
    case emptyName
    /// A space or a tab in a field's name, or between it and the colon (RFC 9112 §5.1).
    case spaceInName
    /// Another character in a field's name that cannot be there (RFC 9110 §5.1).
    case malformedName
    /// A name with an underscore that some servers take for `Content-Length` or `Transfer-Encoding`.
    case disguisedName
    /// `Content-Length` and `Transfer-Encoding` (RFC 9112 §6.3).
    case lengthAndEncoding
    /// More than one `Content-Length`, the same or not (RFC 9112 §6.3).
    case severalLengths
    /// A `Content-Length` that is not digits alone, or is above 2⁶³ - 1 (RFC 9112 §6.2).
    case malformedLength
    /// A `Transfer-Encoding` that is not `chunked` once (RFC 9112 §6.1).
    case unknownEncoding
    /// `Transfer-Encoding` in HTTP/1.0 (RFC 9112 §6.1).
    case encodingInOldVersion
    /// No `Host` in HTTP/1.1 (RFC 9112 §3.2).
    case noHost
    /// More than one `Host` (RFC 9112 §3.2).
    case severalHosts
    /// A body where there can be none: CONNECT, and answers with 1xx or 204 (RFC 9110 §8.6, RFC 9112 §6.1).
    case impossibleBody
    /// A chunk whose size is not hexadecimal digits alone, or is above 2⁶³ - 1 (RFC 9112 §7.1).
    case malformedChunkSize
    /// A chunk's extension with a control character (RFC 9112 §7.1.1).
    case malformedChunkExtension
    /// A line with a chunk's size and extension that is longer than 256 bytes.
    case chunkLineTooLong
    /// A chunk that is not followed by CRLF (RFC 9112 §7.1).
    case noChunkEnd
    /// Trailers that are longer than 64 KiB.
    case trailersTooLong

    /// One line, without a period.
    public var description: String {
        switch self {
        case .headTooLong: "the head is longer than 64 KiB"
        case .bareCarriageReturn: "a CR without LF"
        case .bareLineFeed: "an LF without CR"
        case .controlCharacter: "a control character"
        case .emptyLineFirst: "an empty line before the first line"
        case .malformedRequestLine: "the first line is not that of a request"
        case .malformedStatusLine: "the first line is not that of an answer"
        case .unknownVersion: "the version is neither HTTP/1.0 nor HTTP/1.1"
        case .foldedLine: "a line begins with white space"
        case .noColon: "a field without a colon"
        case .emptyName: "a field without a name"
        case .spaceInName: "white space in a field's name, or behind it"
        case .malformedName: "a field's name with a character that cannot be there"
        case .disguisedName: "a name that can be taken for Content-Length or Transfer-Encoding"
        case .lengthAndEncoding: "Content-Length and Transfer-Encoding"
        case .severalLengths: "more than one Content-Length"
        case .malformedLength: "a Content-Length that is no number of bytes"
        case .unknownEncoding: "a Transfer-Encoding that is not chunked alone"
        case .encodingInOldVersion: "Transfer-Encoding in HTTP/1.0"
        case .noHost: "no Host"
        case .severalHosts: "more than one Host"
        case .impossibleBody: "a body where there can be none"
        case .malformedChunkSize: "a chunk's size that is no number of bytes"
        case .malformedChunkExtension: "a control character in a chunk's extension"
        case .chunkLineTooLong: "a chunk's first line is longer than 256 bytes"
        case .noChunkEnd: "no CRLF behind a chunk"
        case .trailersTooLong: "the trailers are longer than 64 KiB"
        }
    }
}
