/// Writes a message's fields, and compresses names.
struct DNSWriter {
    private(set) var bytes: [UInt8] = []
    /// Where names, and the ends of names, stand, by their bytes: only a name in the same case is pointed at.
    private var offsets: [ArraySlice<UInt8>: UInt16] = [:]

    init() {
        self.bytes.reserveCapacity(DNSMessage.minimumPayloadSize)
    }

    var count: Int { self.bytes.count }

    mutating func byte(_ value: UInt8) { self.bytes.append(value) }

    mutating func uint16(_ value: UInt16) {
        self.bytes.append(UInt8(truncatingIfNeeded: value >> 8))
        self.bytes.append(UInt8(truncatingIfNeeded: value))
    }

    mutating func uint32(_ value: UInt32) {
        self.uint16(UInt16(truncatingIfNeeded: value >> 16))
        self.uint16(UInt16(truncatingIfNeeded: value))
    }

    mutating func bytes(_ value: some Sequence<UInt8>) { self.bytes.append(contentsOf: value) }

    /// Overwrites two bytes.
    mutating func set(_ value: UInt16, at offset: Int) {
        self.bytes[offset] = UInt8(truncatingIfNeeded: value >> 8)
        self.bytes[offset + 1] = UInt8(truncatingIfNeeded: value)
    }

    /// Takes back what was written since `count` bytes were there.
    mutating func rewind(to count: Int) {
        self.bytes.removeLast(self.bytes.count - count)
        self.offsets = self.offsets.filter { Int($0.value) < count }
    }

    /// A name that later ones may point at, with a pointer in place of an end that is there already.
    mutating func name(_ name: DNSName) {
        var rest = name.wire[...]
        while let length = rest.first, length != 0 {
            if let offset = self.offsets[rest] {
                self.uint16(0xC000 | offset)
                return
            }
            // A pointer has 14 bits.
            if self.bytes.count < 0x4000 { self.offsets[rest] = UInt16(self.bytes.count) }
            self.bytes.append(contentsOf: rest.prefix(1 + Int(length)))
            rest = rest.dropFirst(1 + Int(length))
        }
        self.byte(0)
    }
}
