/// The kinds of bytes of which heads and bodies are made.
extension UInt8 {
    /// A character of a token: methods, and names of fields (RFC 9110 §5.6.2).
    @inline(__always)
    var isToken: Bool {
        // A bit for each of the bytes 0 to 63 and 64 to 127.
        let mask: UInt64 = self < 64 ? 0x03FF_6CFA_0000_0000 : self < 128 ? 0x57FF_FFFF_C7FF_FFFE : 0
        return mask >> UInt64(self & 63) & 1 == 1
    }

    /// A space or a tab: what may stand around a field's value (RFC 9110 §5.6.3).
    @inline(__always)
    var isWhitespace: Bool { self == 0x20 || self == 0x09 }

    /// A control character, the tab among them.
    @inline(__always)
    var isControl: Bool { self < 0x20 || self == 0x7F }

    /// A decimal digit.
    @inline(__always)
    var isDigit: Bool { self >= 0x30 && self <= 0x39 }

    /// A character that means the same whether it is percent-encoded or not (RFC 3986 §2.3).
    @inline(__always)
    var isUnreserved: Bool {
        self.isDigit || (self.lowercased >= 0x61 && self.lowercased <= 0x7A) || self == UInt8(ascii: "-")
            || self == UInt8(ascii: ".") || self == UInt8(ascii: "_") || self == UInt8(ascii: "~")
    }

    /// The value of a hexadecimal digit, in either case.
    @inline(__always)
    var hexValue: UInt8? {
        switch self {
        case 0x30...0x39: self - 0x30
        case 0x41...0x46: self - 0x37
        case 0x61...0x66: self - 0x57
        default: nil
        }
    }

    /// The byte, or the lower-case letter where it is an upper-case one of ASCII.
    @inline(__always)
    var lowercased: UInt8 { self >= 0x41 && self <= 0x5A ? self | 0x20 : self }
}

extension UnsafeRawBufferPointer {
    /// Whether the bytes of a range are these, which are in lower case, whatever their own case.
    ///
    /// - Parameter range: It lies within the buffer.
    @inline(__always)
    func equals(_ lowercase: StaticString, in range: Range<Int>) -> Bool {
        guard range.count == lowercase.utf8CodeUnitCount else { return false }
        for offset in 0..<range.count
        where self[range.lowerBound + offset].lowercased != lowercase.utf8Start[offset] { return false }
        return true
    }

    /// The range without spaces and tabs at its ends.
    ///
    /// - Parameter range: It lies within the buffer.
    func trimmed(_ range: Range<Int>) -> Range<Int> {
        var (start, end) = (range.lowerBound, range.upperBound)
        while start < end, self[start].isWhitespace { start += 1 }
        while start < end, self[end - 1].isWhitespace { end -= 1 }
        return start..<end
    }

    /// The next part of a list, up to a separator or the range's end, without spaces and tabs at its ends; the range goes on
    /// behind the separator. `nil` when nothing is left.
    func nextPart(_ rest: inout Range<Int>?, separator: UInt8) -> Range<Int>? {
        guard let range = rest else { return nil }
        var end = range.lowerBound
        while end < range.upperBound, self[end] != separator { end += 1 }
        rest = end < range.upperBound ? (end + 1)..<range.upperBound : nil
        return self.trimmed(range.lowerBound..<end)
    }
}
