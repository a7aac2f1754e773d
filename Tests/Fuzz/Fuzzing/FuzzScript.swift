/// Fuzzed bytes, read as a script: small numbers and pieces, zeros when they are used up.
struct FuzzScript {
    private var bytes: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) {
        self.bytes = bytes[...]
    }

    /// Whether nothing is left.
    var isOver: Bool { self.bytes.isEmpty }

    /// The next byte.
    mutating func byte() -> UInt8 { self.bytes.popFirst() ?? 0 }

    /// The next two bytes, the higher first.
    mutating func short() -> Int { Int(self.byte()) << 8 | Int(self.byte()) }

    /// The next four bytes, the highest first.
    mutating func long() -> UInt32 { UInt32(self.short()) << 16 | UInt32(self.short()) }

    /// At most so many bytes.
    mutating func piece(_ count: Int) -> [UInt8] {
        let piece = Array(self.bytes.prefix(count))
        self.bytes = self.bytes.dropFirst(count)
        return piece
    }

    /// Everything that is left.
    mutating func rest() -> [UInt8] {
        defer { self.bytes = [] }
        return Array(self.bytes)
    }

    /// Cuts bytes into pieces whose lengths the script's next bytes say, one byte each when the script is over.
    mutating func cut(_ whole: [UInt8]) -> [[UInt8]] {
        var pieces: [[UInt8]] = []
        var rest = whole[...]
        while !rest.isEmpty {
            let count = self.isOver ? rest.count : Int(self.byte() % 64) + 1
            pieces.append(Array(rest.prefix(count)))
            rest = rest.dropFirst(count)
        }
        return pieces
    }
}
