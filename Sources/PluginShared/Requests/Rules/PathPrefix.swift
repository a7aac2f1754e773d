/// A path and all below it, segment by segment.
///
/// `/api` is `/api` and `/api/x`, not `/apix`; `/api/` is only what is below. Paths are compared as they come: neither `..` nor
/// `//` is resolved, and `%2F` is no slash. What is equal all the same, by RFC 3986 §6.2.2: unreserved characters (letters,
/// digits, `-._~`) encoded or not, the case of hexadecimal digits, and bytes above 127 encoded or, as they should not be, plain.
struct PathPrefix: Hashable, Sendable {
    /// The path, each byte once decoded; those that stay encoded are above 255.
    private let units: [UInt16]

    /// A prefix; `nil` for text that is no path, or has a percent sign without two digits.
    init?(_ text: [UInt8]) {
        guard text.first == UInt8(ascii: "/") else { return nil }
        guard !text.contains(where: { $0 <= 0x20 || $0 == 0x7F || $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "#") })
        else { return nil }
        self.units = text.withUnsafeBytes { bytes in
            var rest = 0..<bytes.count
            var units: [UInt16] = []
            while let unit = Self.unit(bytes, &rest) { units.append(unit) }
            return units
        }
        guard !self.units.contains(UInt16(UInt8(ascii: "%"))) else { return nil }
    }

    /// The path as text; all that are equal have the same.
    var text: String {
        self.units.map { unit in
            let byte = UInt8(truncatingIfNeeded: unit)
            return unit > 0xFF ? PercentCoding.escape(byte) : String(Unicode.Scalar(byte))
        }.joined()
    }

    private static func unit(_ bytes: UnsafeRawBufferPointer, _ rest: inout Range<Int>) -> UInt16? {
        guard let (byte, isEncoded) = PercentCoding.next(bytes, &rest) else { return nil }
        return (isEncoded && !byte.isUnreserved) || byte >= 0x80 ? 0x100 | UInt16(byte) : UInt16(byte)
    }

    /// Whether a path is this one or below it.
    ///
    /// - Parameter path: It lies within the buffer.
    func contains(_ bytes: UnsafeRawBufferPointer, _ path: Range<Int>) -> Bool {
        let slash = UInt16(UInt8(ascii: "/"))
        // `http://web` means `http://web/`.
        guard !path.isEmpty else { return self.units == [slash] }
        var rest = path
        for expected in self.units {
            guard let unit = Self.unit(bytes, &rest), unit == expected else { return false }
        }
        return self.units.last == slash || rest.isEmpty || bytes[rest.lowerBound] == UInt8(ascii: "/")
    }
}
