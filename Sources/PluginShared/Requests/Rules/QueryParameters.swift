/// The parameters of a query, as forms write them (application/x-www-form-urlencoded).
public enum QueryParameters {
    /// Those of a request's target, decoded, in their order.
    public static func all(in target: String) -> [(name: String, value: String)] {
        Array(target.utf8).withUnsafeBytes { bytes in
            var rest = RequestTarget(bytes, 0..<bytes.count).query
            var all: [(name: String, value: String)] = []
            while let part = bytes.nextPart(&rest, separator: UInt8(ascii: "&")) {
                guard !part.isEmpty else { continue }
                let equals = part.first { bytes[$0] == UInt8(ascii: "=") } ?? part.upperBound
                let value = min(equals + 1, part.upperBound)..<part.upperBound
                all.append((Self.decoded(bytes, part.lowerBound..<equals), Self.decoded(bytes, value)))
            }
            return all
        }
    }

    private static func decoded(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) -> String {
        var (rest, text) = (range, [UInt8]())
        while let (byte, isEncoded) = PercentCoding.next(bytes, &rest) {
            text.append(!isEncoded && byte == UInt8(ascii: "+") ? 0x20 : byte)
        }
        return String(decoding: text, as: UTF8.self)
    }
}
