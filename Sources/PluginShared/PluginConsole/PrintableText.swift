extension String {
    /// The text with everything escaped that would move a terminal's cursor, change its state, or show other letters than are
    /// there: control characters but newline and tab, and the marks that turn the direction of text or have no width.
    ///
    /// Names and messages come from a cluster that others write to. The escapes are JSON's (RFC 8259 §7), so that JSON stays
    /// JSON and means the same.
    public var printable: String {
        guard self.unicodeScalars.contains(where: \.isTreacherous) else { return self }
        var text = ""
        for scalar in self.unicodeScalars {
            if scalar.isTreacherous {
                let digits = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
            } else {
                text.unicodeScalars.append(scalar)
            }
        }
        return text
    }

    /// The same in one line: newlines and tabs are escaped, too.
    public var printableLine: String {
        self.printable.replacing("\n", with: "\\n").replacing("\t", with: "\\t")
    }
}

extension Unicode.Scalar {
    /// All of them are in the first plane, which four digits name.
    fileprivate var isTreacherous: Bool {
        switch self.value {
        case 0x09, 0x0A: false
        // C0, DEL and C1.
        case 0x00...0x1F, 0x7F...0x9F: true
        // Bidirectional marks, embeddings, overrides and isolates (UAX #9), and what has no width.
        case 0x061C, 0x200B...0x200F, 0x2028...0x202E, 0x2060...0x2069, 0xFEFF: true
        default: false
        }
    }
}
