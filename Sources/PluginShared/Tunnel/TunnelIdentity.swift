/// The versions of the tunnel's wire protocol.
public enum TunnelProtocolVersion {
    /// The version this build speaks, and the only one it accepts.
    public static let current: UInt8 = 1
}

/// The secret both ends of one session share: 256 random bits, never sent on the wire.
public struct TunnelSecret: Sendable, Equatable, CustomStringConvertible {
    /// 32 bytes: as long as the output of SHA-256, so that guessing it is no easier than guessing a proof.
    public static let byteCount = 32

    /// The secret itself, `byteCount` bytes.
    let bytes: [UInt8]

    private init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// A new secret from the system's cryptographic generator.
    public static func random() -> TunnelSecret {
        TunnelSecret(bytes: .random(byteCount: TunnelSecret.byteCount))
    }

    /// Reads a secret from 64 hexadecimal digits of either case; `nil` for anything else.
    public init?(hex: String) {
        var bytes: [UInt8] = []
        var high: UInt8?
        for character in hex.utf8 {
            guard let digit = UInt8(hexDigit: character), bytes.count < TunnelSecret.byteCount else { return nil }
            if let first = high {
                bytes.append(first << 4 | digit)
                high = nil
            } else {
                high = digit
            }
        }
        guard high == nil, bytes.count == TunnelSecret.byteCount else { return nil }
        self.init(bytes: bytes)
    }

    /// The secret as 64 lowercase hexadecimal digits.
    public var hex: String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        for byte in self.bytes {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 0x0f)])
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// Never the secret, so that a log line cannot leak it.
    public var description: String { "TunnelSecret(…)" }
}

/// Who an end of the tunnel claims to be, and what it proves it with.
public struct TunnelIdentity: Sendable {
    /// The session's identifier; both ends must name the same one. It is bound into the proofs, not sent.
    public var session: String
    /// The session's secret.
    public var secret: TunnelSecret
    /// The software's version, for messages such as "update the plugin". It is sent in the clear.
    public var software: String

    /// Makes an identity for one session.
    public init(session: String, secret: TunnelSecret, software: String) {
        self.session = session
        self.secret = secret
        self.software = software
    }
}

extension [UInt8] {
    /// Bytes from the system's cryptographic generator.
    static func random(byteCount: Int) -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        return (0..<byteCount).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
    }
}

extension UInt8 {
    /// The value of one ASCII hexadecimal digit; `nil` if it is none.
    init?(hexDigit: UInt8) {
        switch hexDigit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): self = hexDigit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): self = hexDigit - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): self = hexDigit - UInt8(ascii: "A") + 10
        default: return nil
        }
    }
}
