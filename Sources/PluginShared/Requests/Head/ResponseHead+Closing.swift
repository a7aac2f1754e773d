extension ResponseHead {
    /// The head as that of a connection's last answer (RFC 9112 §9.6): `Connection` says `close` in place of `keep-alive`, and in one
    /// field what else it says. All else is as it came.
    public var closing: [UInt8] {
        let fields = self.fields.fields(of: "connection")
        guard let first = fields.first else {
            return self.fields.bytes(with: [(self.fields.end, Array("Connection: close\r\n".utf8))])
        }
        let words = self.fields.bytes.withUnsafeBytes { bytes in
            fields.flatMap { field in
                var rest: Range<Int>? = field.value
                var words: [UInt8] = []
                while let word = bytes.nextPart(&rest, separator: UInt8(ascii: ",")) {
                    guard !word.isEmpty, !bytes.equals("keep-alive", in: word), !bytes.equals("close", in: word) else {
                        continue
                    }
                    words += Array(", ".utf8) + bytes[word]
                }
                return words
            }
        }
        return self.fields.bytes(
            with: [(first.value, Array("close".utf8) + words)] + fields.dropFirst().map { (self.line(of: $0), []) })
    }

    /// A field's whole line, with its CRLF.
    private func line(of field: HeadField) -> Range<Int> {
        let bytes = self.fields.bytes
        let end = bytes[field.value.upperBound...].firstIndex(of: 0x0A) ?? bytes.count - 1
        return field.name.lowerBound..<(end + 1)
    }
}
