import Crypto

/// The public half of a ``TunnelKey``.
public struct TunnelPublicKey: Sendable, Equatable {
    /// 32 bytes (RFC 7748).
    static let byteCount = 32

    let bytes: [UInt8]

    init(_ key: Curve25519.KeyAgreement.PublicKey) {
        self.bytes = Array(key.rawRepresentation)
    }

    /// From ``byteCount`` bytes; `nil` for any other number.
    init?(bytes: some Collection<UInt8>) {
        guard bytes.count == Self.byteCount else { return nil }
        self.bytes = Array(bytes)
    }

    /// Reads a key from 64 hexadecimal digits of either case; `nil` for anything else.
    public init?(hex: String) {
        let digits = hex.utf8.map { UInt8(hexDigit: $0) }
        guard digits.count == 2 * Self.byteCount, !digits.contains(nil) else { return nil }
        let values = digits.compactMap(\.self)
        self.bytes = (0..<Self.byteCount).map { values[2 * $0] << 4 | values[2 * $0 + 1] }
    }

    /// The key as 64 lowercase hexadecimal digits.
    public var hex: String {
        let digits = Array("0123456789abcdef".utf8)
        return String(
            decoding: self.bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 0x0f)]] }, as: UTF8.self)
    }
}

extension UInt8 {
    /// The value of one ASCII hexadecimal digit; `nil` if it is none.
    fileprivate init?(hexDigit: UInt8) {
        switch hexDigit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): self = hexDigit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): self = hexDigit - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): self = hexDigit - UInt8(ascii: "A") + 10
        default: return nil
        }
    }
}
