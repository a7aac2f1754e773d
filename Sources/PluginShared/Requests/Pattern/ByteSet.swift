/// A set of bytes, a bit each.
struct ByteSet: Hashable, Sendable {
    private var words = SIMD4<UInt64>(repeating: 0)

    init(_ bytes: ClosedRange<UInt8>...) {
        for range in bytes { self.insert(range) }
    }

    @inline(__always)
    func contains(_ byte: UInt8) -> Bool {
        self.words[Int(byte >> 6)] >> UInt64(byte & 63) & 1 == 1
    }

    mutating func insert(_ bytes: ClosedRange<UInt8>) {
        for byte in bytes { self.words[Int(byte >> 6)] |= 1 << UInt64(byte & 63) }
    }

    mutating func formUnion(_ other: ByteSet) {
        self.words |= other.words
    }

    /// All other bytes.
    var inverted: ByteSet {
        var set = self
        set.words = ~self.words
        return set
    }

    static let digits = ByteSet(0x30...0x39)
    /// Letters, digits and the underscore.
    static let word = ByteSet(0x30...0x39, 0x41...0x5A, 0x5F...0x5F, 0x61...0x7A)
    static let whitespace = ByteSet(0x09...0x0D, 0x20...0x20)
    static let any = ByteSet(0x00...0xFF)
}
