/// Makes new inputs of saved ones: the same for the same seed.
struct FuzzMutator {
    private var state: UInt64
    private var pool: [[UInt8]]
    /// The longest input, in bytes.
    private static let longest = 4096
    /// Values at which arithmetic goes wrong.
    private static let edges: [[UInt8]] = [
        [0], [0xff], [0x7f], [0x80], [0x7f, 0xff, 0xff, 0xff], [0xff, 0xff, 0xff, 0xff], [0x80, 0, 0, 0],
        Array("-1".utf8), Array("65536".utf8), Array("9223372036854775807".utf8), Array("1e999".utf8),
        Array("\u{00e9}".utf8), Array("\"".utf8), Array("{".utf8), Array("[".utf8), Array("null".utf8), [0xc3],
    ]

    init(seed: UInt64, seeds: [[UInt8]]) {
        self.state = seed
        self.pool = seeds.isEmpty ? [[]] : seeds
    }

    /// SplitMix64.
    private mutating func random(below bound: Int) -> Int {
        self.state &+= 0x9e37_79b9_7f4a_7c15
        var z = self.state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return Int((z ^ (z >> 31)) % UInt64(max(1, bound)))
    }

    private mutating func pick() -> [UInt8] { self.pool[self.random(below: self.pool.count)] }

    /// The next input: a saved one, changed in one to six places.
    mutating func next() -> [UInt8] {
        var bytes = self.pick()
        // Seldom many: most of what is changed in several places is refused at its first byte.
        for _ in 0...min(self.random(below: 6), self.random(below: 6)) { self.change(&bytes) }
        return Array(bytes.prefix(Self.longest))
    }

    private mutating func change(_ bytes: inout [UInt8]) {
        let position = self.random(below: bytes.count + 1)
        let end = min(bytes.count, position + self.random(below: 32))
        switch self.random(below: 7) {
        case 0 where position < bytes.count: bytes[position] ^= 1 << UInt8(self.random(below: 8))
        case 1 where position < bytes.count: bytes[position] = UInt8(self.random(below: 256))
        case 2: bytes.removeSubrange(position..<end)
        case 3: bytes.insert(contentsOf: bytes[position..<end], at: self.random(below: bytes.count + 1))
        case 4: bytes.replaceSubrange(position..<end, with: Self.edges[self.random(below: Self.edges.count)])
        case 5:
            let other = self.pick()
            bytes = Array(bytes.prefix(position)) + other.dropFirst(self.random(below: other.count + 1))
        default:
            let count = self.random(below: 16)
            bytes.insert(contentsOf: (0..<count).map { _ in UInt8(self.random(below: 256)) }, at: position)
        }
    }
}
