/// An IPv4 address.
public struct IPv4Address: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    /// The address as a number: 127.0.0.1 is 0x7F000001.
    public let rawValue: UInt32

    /// Any number is an address.
    public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// An address of four decimal numbers; nil for anything else, a leading zero included.
    public init?(_ text: some StringProtocol) {
        let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var value: UInt32 = 0
        for part in parts {
            guard (1...3).contains(part.count), part.count == 1 || part.first != UInt8(ascii: "0"),
                part.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 })
            else { return nil }
            let number = part.reduce(0 as UInt32) { $0 * 10 + UInt32($1) - 0x30 }
            guard number <= 255 else { return nil }
            value = value << 8 | number
        }
        self.rawValue = value
    }

    /// The four bytes, in network order.
    public var bytes: [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: self.rawValue >> $0) }
    }

    /// Four decimal numbers.
    public var description: String { self.bytes.map(String.init).joined(separator: ".") }
}
