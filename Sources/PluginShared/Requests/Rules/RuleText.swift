/// How a condition's words are written in a rule's text, and in messages about it.
enum RuleText {
    /// Printable ASCII as it is; spaces, percent signs and all other bytes percent-encoded.
    static func escaped(_ bytes: some Sequence<UInt8>) -> String {
        var text = ""
        for byte in bytes {
            if byte > 0x20, byte < 0x7F, byte != UInt8(ascii: "%") {
                text.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                text += PercentCoding.escape(byte)
            }
        }
        return text
    }

    /// The bytes of what ``escaped(_:)`` wrote; `nil` for other text.
    static func unescaped(_ text: some Collection<UInt8>) -> [UInt8]? {
        var bytes: [UInt8] = []
        var rest = Array(text)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.popFirst()?.hexValue, let low = rest.popFirst()?.hexValue else { return nil }
            bytes.append(high << 4 | low)
        }
        return bytes
    }

    /// At most 60 bytes, for a message: a rule may be another's, and its bytes are none of the terminal's business.
    static func quoted(_ bytes: [UInt8]) -> String {
        let text = String(decoding: bytes.prefix(60), as: UTF8.self)
        let isPlain = !text.unicodeScalars.contains {
            $0.properties.generalCategory == .control || $0.properties.generalCategory == .format
        }
        return (isPlain ? text : Self.escaped(bytes.prefix(60))) + (bytes.count > 60 ? "…" : "")
    }
}
