/// An IPv6 address.
public struct IPv6Address: Hashable, Sendable, CustomStringConvertible {
    /// The upper half.
    public let high: UInt64
    /// The lower half.
    public let low: UInt64

    /// Any two halves are an address.
    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// An address as RFC 4291 §2.2 writes it, without a zone; nil for anything else.
    public init?(_ text: some StringProtocol) {
        let halves = text.split(separator: "::", maxSplits: 2, omittingEmptySubsequences: false)
        guard halves.count <= 2, let first = Self.groups(halves[0]) else { return nil }
        var groups = first
        if halves.count == 2 {
            guard let second = Self.groups(halves[1]), first.count + second.count < 8,
                !halves[0].contains(".")
            else { return nil }
            groups += Array(repeating: 0, count: 8 - first.count - second.count) + second
        }
        guard groups.count == 8 else { return nil }
        self.high = groups[..<4].reduce(0) { $0 << 16 | UInt64($1) }
        self.low = groups[4...].reduce(0) { $0 << 16 | UInt64($1) }
    }

    /// Groups of four hexadecimal digits; the last may be an IPv4 address, which makes two.
    private static func groups(_ text: some StringProtocol) -> [UInt16]? {
        if text.isEmpty { return [] }
        var groups: [UInt16] = []
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        for (index, part) in parts.enumerated() {
            if index == parts.count - 1, part.contains(".") {
                guard let address = IPv4Address(part) else { return nil }
                groups.append(UInt16(truncatingIfNeeded: address.rawValue >> 16))
                groups.append(UInt16(truncatingIfNeeded: address.rawValue))
            } else {
                guard (1...4).contains(part.utf8.count), part.first != "+", part.first != "-",
                    let group = UInt16(part, radix: 16)
                else { return nil }
                groups.append(group)
            }
        }
        return groups
    }

    /// The sixteen bytes, in network order.
    public var bytes: [UInt8] {
        [self.high, self.low].flatMap { half in
            (0..<8).map { UInt8(truncatingIfNeeded: half >> UInt64(56 - 8 * $0)) }
        }
    }

    /// The address that an IPv4-mapped one, `::ffff:0:0/96`, stands for.
    public var mapped: IPv4Address? {
        self.high == 0 && self.low >> 32 == 0xFFFF ? IPv4Address(rawValue: UInt32(truncatingIfNeeded: self.low)) : nil
    }

    /// Hexadecimal groups, the longest run of zeros left out (RFC 5952).
    public var description: String {
        if let mapped = self.mapped { return "::ffff:\(mapped)" }
        let groups = [self.high, self.low].flatMap { half in
            (0..<4).map { UInt16(truncatingIfNeeded: half >> UInt64(48 - 16 * $0)) }
        }
        var longest = 0..<0
        var start = 0
        while start < 8 {
            var end = start
            while end < 8, groups[end] == 0 { end += 1 }
            if end - start >= 2, end - start > longest.count { longest = start..<end }
            start = end + 1
        }
        let text = { (part: ArraySlice<UInt16>) in part.map { String($0, radix: 16) }.joined(separator: ":") }
        if longest.isEmpty { return text(groups[...]) }
        return text(groups[..<longest.lowerBound]) + "::" + text(groups[longest.upperBound...])
    }
}
