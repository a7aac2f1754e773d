/// Percent-encoding (RFC 3986 §2.1), decoded where it stands.
enum PercentCoding {
    private static let digits = Array("0123456789ABCDEF".utf8)

    /// A byte as `%XX`.
    static func escape(_ byte: UInt8) -> String {
        String(decoding: [UInt8(ascii: "%"), Self.digits[Int(byte >> 4)], Self.digits[Int(byte & 15)]], as: UTF8.self)
    }

    /// The next byte of a range that begins there, decoded, and whether it was encoded; the range goes on behind it. A percent
    /// sign without two digits is itself. `nil` at the range's end.
    ///
    /// - Parameter range: It lies within the buffer.
    @inline(__always)
    static func next(
        _ bytes: UnsafeRawBufferPointer, _ range: inout Range<Int>
    ) -> (byte: UInt8, isEncoded: Bool)? {
        guard let start = range.first else { return nil }
        let byte = bytes[start]
        guard byte == UInt8(ascii: "%"), range.count > 2, let high = bytes[start + 1].hexValue,
            let low = bytes[start + 2].hexValue
        else {
            range = (start + 1)..<range.upperBound
            return (byte, false)
        }
        range = (start + 3)..<range.upperBound
        return (high << 4 | low, true)
    }

    /// Whether a range, decoded, is this value.
    ///
    /// - Parameters:
    ///   - range: It lies within the buffer.
    ///   - plusIsSpace: As in forms (application/x-www-form-urlencoded).
    static func equals(
        _ value: [UInt8], _ bytes: UnsafeRawBufferPointer, _ range: Range<Int>, plusIsSpace: Bool
    ) -> Bool {
        var rest = range
        for expected in value {
            guard let (byte, isEncoded) = Self.next(bytes, &rest) else { return false }
            let isPlus = plusIsSpace && !isEncoded && byte == UInt8(ascii: "+")
            guard (isPlus ? 0x20 : byte) == expected else { return false }
        }
        return rest.isEmpty
    }
}
