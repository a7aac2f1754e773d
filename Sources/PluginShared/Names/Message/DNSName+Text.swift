extension DNSName: CustomStringConvertible {
    /// A name as it is written: labels between dots, with or without the dot at the end; `\.` is a dot within a label,
    /// `\065` the byte 65 (RFC 1035 §5.1).
    ///
    /// - Throws: ``DNSError/badText``, ``DNSError/badLabel``, ``DNSError/nameTooLong``.
    public init(_ text: some StringProtocol) throws(DNSError) {
        var labels: [[UInt8]] = []
        var label: [UInt8] = []
        var bytes = text.utf8.makeIterator()
        var endsWithDot = false
        while let byte = bytes.next() {
            endsWithDot = false
            switch byte {
            case UInt8(ascii: "."):
                endsWithDot = true
                if label.isEmpty, text.utf8.count == 1 { break }
                labels.append(label)
                label = []
            case UInt8(ascii: "\\"):
                guard let first = bytes.next() else { throw .badText }
                guard first.isDigit else {
                    label.append(first)
                    continue
                }
                guard let second = bytes.next(), let third = bytes.next(), second.isDigit, third.isDigit,
                    let value = UInt8(exactly: first.digit * 100 + second.digit * 10 + third.digit)
                else { throw .badText }
                label.append(value)
            default:
                label.append(byte)
            }
        }
        if text.isEmpty { throw .badText }
        if !endsWithDot { labels.append(label) }
        try self.init(labels: labels)
    }

    /// The name with a dot at the end, as it is written: bytes that are not visible ASCII are `\DDD`.
    public var description: String {
        if self.isRoot { return "." }
        var text = ""
        for label in self.labels {
            for byte in label {
                switch byte {
                case UInt8(ascii: "."), UInt8(ascii: "\\"):
                    text += "\\\(Character(Unicode.Scalar(byte)))"
                case 0x21...0x7E:
                    text.unicodeScalars.append(Unicode.Scalar(byte))
                default:
                    text += "\\\(byte / 100)\(byte / 10 % 10)\(byte % 10)"
                }
            }
            text += "."
        }
        return text
    }
}

extension UInt8 {
    fileprivate var isDigit: Bool { self >= 0x30 && self <= 0x39 }
    /// The value of an ASCII digit.
    fileprivate var digit: Int { Int(self) - 0x30 }
}
