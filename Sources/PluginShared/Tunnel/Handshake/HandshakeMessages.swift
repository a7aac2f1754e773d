import NIOCore

/// Which side of HTTP/2 an end plays; independent of who dialled the TCP connection.
enum HTTP2Role: UInt8, Sendable {
    /// Opens streams.
    case client = 1
    /// Answers streams.
    case server = 2

    /// The role the other end must play.
    var opposite: HTTP2Role { self == .client ? .server : .client }
}

/// Why an end refuses the other; the raw value goes over the wire.
enum HandshakeRefusal: UInt8, Sendable, Equatable {
    /// The versions differ.
    case version = 1
    /// The proof is wrong: another key.
    case proof = 2
    /// Both ends want to play the same side of HTTP/2.
    case role = 3
    /// The bytes are no handshake at all.
    case garbage = 4
    /// The session is not known here.
    case session = 5
}

/// What both ends send first, and what every version of the protocol must keep as it is.
///
/// Eight bytes of magic, one of version, one of length, and so many bytes of software version.
struct HandshakeHeader: Equatable, Sendable {
    /// Chosen to be neither HTTP nor TLS, so that a stray client is recognised at its first byte.
    static let magic: [UInt8] = Array("\u{01}kttunl\n".utf8)
    /// The most bytes of software version: 64. Longer ones are cut.
    static let maximumSoftwareBytes = 64

    /// The sender's protocol version.
    var version: UInt8
    /// The sender's software version, printable ASCII.
    var software: String

    /// The header as it goes over the wire.
    var bytes: [UInt8] {
        let software = HandshakeHeader.printable(Array(self.software.utf8))
        return HandshakeHeader.magic + [self.version, UInt8(software.count)] + software
    }

    /// What reading found.
    enum Reading: Equatable {
        /// A header, and how many bytes it took.
        case header(HandshakeHeader, byteCount: Int)
        /// More bytes are needed.
        case incomplete
        /// This is not a header.
        case malformed
    }

    /// Reads a header from the start of the bytes.
    static func read(_ bytes: ArraySlice<UInt8>) -> Reading {
        let magicCount = min(bytes.count, HandshakeHeader.magic.count)
        guard bytes.prefix(magicCount).elementsEqual(HandshakeHeader.magic.prefix(magicCount)) else {
            return .malformed
        }
        let fixedCount = HandshakeHeader.magic.count + 2
        guard bytes.count >= fixedCount else { return .incomplete }
        let version = bytes[bytes.startIndex + fixedCount - 2]
        let softwareCount = Int(bytes[bytes.startIndex + fixedCount - 1])
        guard softwareCount <= HandshakeHeader.maximumSoftwareBytes else { return .malformed }
        guard bytes.count >= fixedCount + softwareCount else { return .incomplete }
        let software = printable(Array(bytes.dropFirst(fixedCount).prefix(softwareCount)))
        let header = HandshakeHeader(version: version, software: String(decoding: software, as: UTF8.self))
        return .header(header, byteCount: fixedCount + softwareCount)
    }

    /// The bytes that are printable ASCII, at most `maximumSoftwareBytes`: what comes from the wire ends in messages.
    private static func printable(_ bytes: [UInt8]) -> [UInt8] {
        Array(bytes.filter { (0x20...0x7e).contains($0) }.prefix(HandshakeHeader.maximumSoftwareBytes))
    }
}
