extension RequestCondition {
    /// Whether a request has it. Nothing is copied.
    ///
    /// - Parameters:
    ///   - bytes: The head's bytes.
    ///   - budget: How many steps patterns may take, and less by those that they took.
    func isMet(by head: borrowing RequestHead, _ bytes: UnsafeRawBufferPointer, _ budget: inout Int) -> Bool {
        switch self.test {
        case .header(let name, let value):
            for field in head.fields.index where field.isNamed(name, in: bytes) {
                if bytes.equals(value, in: field.value) { return true }
            }
        case .pattern(let name, let pattern):
            for field in head.fields.index where field.isNamed(name, in: bytes) {
                let value = UnsafeRawBufferPointer(rebasing: bytes[field.value])
                if pattern.matches(value, budget: &budget) { return true }
            }
        case .path(let prefix):
            guard let path = RequestTarget(bytes, head.line.target).path else { return false }
            return prefix.contains(bytes, path)
        case .method(let method):
            return bytes.equals(method, in: head.line.method)
        case .query(let name, let value):
            return Self.hasParameter(name, value, bytes, RequestTarget(bytes, head.line.target).query)
        case .cookie(let name, let value):
            for field in head.fields.index
            where bytes.equals("cookie", in: field.name) && Self.hasCookie(name, value, bytes, field.value) {
                return true
            }
        case .baggage(let key, let value):
            for field in head.fields.index
            where bytes.equals("baggage", in: field.name) && Self.hasMember(key, value, bytes, field.value) {
                return true
            }
        case .personal(let key, let user):
            for field in head.fields.index {
                if field.isNamed(key, in: bytes) {
                    if bytes.equals(user, in: field.value) { return true }
                } else if bytes.equals("baggage", in: field.name), Self.hasMember(key, user, bytes, field.value) {
                    return true
                }
            }
        }
        return false
    }

    /// Where the first `=` of a range is.
    private static func sign(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) -> Int? {
        range.first { bytes[$0] == UInt8(ascii: "=") }
    }

    /// A query: `a=1&b=2`. A parameter without `=` has the empty value.
    private static func hasParameter(
        _ name: [UInt8], _ value: [UInt8], _ bytes: UnsafeRawBufferPointer, _ query: Range<Int>?
    ) -> Bool {
        var rest = query
        while let part = bytes.nextPart(&rest, separator: UInt8(ascii: "&")) {
            let end = Self.sign(bytes, part) ?? part.upperBound
            guard PercentCoding.equals(name, bytes, part.lowerBound..<end, plusIsSpace: true) else { continue }
            let start = min(end + 1, part.upperBound)
            if PercentCoding.equals(value, bytes, start..<part.upperBound, plusIsSpace: true) { return true }
        }
        return false
    }

    /// A `Cookie` (RFC 6265 §4.2.1): `a=1; b=2`.
    private static func hasCookie(
        _ name: [UInt8], _ value: [UInt8], _ bytes: UnsafeRawBufferPointer, _ field: Range<Int>
    ) -> Bool {
        var rest: Range<Int>? = field
        while let part = bytes.nextPart(&rest, separator: UInt8(ascii: ";")) {
            guard let sign = Self.sign(bytes, part) else { continue }
            if bytes.equals(name, in: part.lowerBound..<sign), bytes.equals(value, in: (sign + 1)..<part.upperBound) {
                return true
            }
        }
        return false
    }

    /// Baggage (W3C Baggage §3.2): `a=1;property, b = 2`.
    private static func hasMember(
        _ key: [UInt8], _ value: [UInt8], _ bytes: UnsafeRawBufferPointer, _ field: Range<Int>
    ) -> Bool {
        var rest: Range<Int>? = field
        while let member = bytes.nextPart(&rest, separator: UInt8(ascii: ",")) {
            var properties: Range<Int>? = member
            guard let pair = bytes.nextPart(&properties, separator: UInt8(ascii: ";")),
                let sign = Self.sign(bytes, pair),
                bytes.equals(key, in: bytes.trimmed(pair.lowerBound..<sign))
            else { continue }
            let range = bytes.trimmed((sign + 1)..<pair.upperBound)
            if PercentCoding.equals(value, bytes, range, plusIsSpace: false) { return true }
        }
        return false
    }
}

extension UnsafeRawBufferPointer {
    /// Whether the bytes of a range are these.
    ///
    /// - Parameter range: It lies within the buffer.
    @inline(__always)
    fileprivate func equals(_ value: [UInt8], in range: Range<Int>) -> Bool {
        guard range.count == value.count else { return false }
        for (offset, byte) in value.enumerated() where self[range.lowerBound + offset] != byte { return false }
        return true
    }
}
