/// What a caller speaks, by the first bytes of its connection.
public enum CallerProtocol: Sendable, Hashable {
    /// A method and a space: HTTP/1, or another protocol of words. ``RequestHeadReader`` sees the difference in the first line.
    case http1
    /// HTTP/2 without TLS: the whole preface (RFC 9113 §3.4).
    case http2
    /// A TLS handshake (RFC 8446 §5.1).
    case tls
    /// Anything else.
    case unknown

    /// The longest method, in bytes. The registry's longest, UPDATEREDIRECTREF, has 17.
    static let maximumMethodLength = 32

    private static let preface: StaticString = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

    /// What these are the first bytes of; `nil` while more are needed, which 33 never do.
    public static func sniff(_ bytes: UnsafeRawBufferPointer) -> CallerProtocol? {
        guard let first = bytes.first else { return nil }
        // A record of a handshake; the version's first byte is 3 from SSL 3.0 to TLS 1.3.
        if first == 0x16 {
            guard bytes.count > 1 else { return nil }
            return bytes[1] == 0x03 ? .tls : .unknown
        }
        let count = min(bytes.count, Self.preface.utf8CodeUnitCount)
        var equal = 0
        while equal < count, bytes[equal] == Self.preface.utf8Start[equal] { equal += 1 }
        if equal == Self.preface.utf8CodeUnitCount { return .http2 }
        if equal == bytes.count { return nil }

        for (position, byte) in bytes.prefix(Self.maximumMethodLength + 1).enumerated() where !byte.isToken {
            return byte == UInt8(ascii: " ") && position > 0 ? .http1 : .unknown
        }
        return bytes.count > Self.maximumMethodLength ? .unknown : nil
    }
}
