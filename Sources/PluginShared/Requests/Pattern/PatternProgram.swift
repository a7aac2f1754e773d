/// A pattern as instructions of a machine that is in several places at once, after Thompson and Pike.
struct PatternProgram: Sendable {
    enum Instruction: Sendable {
        /// Goes on behind this byte.
        case byte(UInt8)
        /// Goes on behind a byte of this set.
        case set(UInt16)
        /// Goes on at two places.
        case split(UInt16, UInt16)
        case jump(UInt16)
        /// Goes on at the value's start alone.
        case start
        /// Goes on at the value's end alone.
        case end
        case match
    }

    private(set) var instructions: [Instruction] = []
    let sets: [ByteSet]

    /// Compiles a pattern whose cost has been checked: every place fits into 16 bits.
    init(_ node: PatternNode, sets: [ByteSet]) {
        self.sets = sets
        self.emit(node)
        self.instructions.append(.match)
    }

    /// Whether only a value's start can begin a match.
    var isAnchored: Bool {
        if case .start? = self.instructions.first { return true }
        return false
    }

    private var here: UInt16 { UInt16(truncatingIfNeeded: self.instructions.count) }

    /// Makes room for an instruction whose targets are not known yet.
    private mutating func reserve() -> Int {
        self.instructions.append(.match)
        return self.instructions.count - 1
    }

    private mutating func emit(_ node: PatternNode) {
        switch node {
        case .empty: break
        case .byte(let byte): self.instructions.append(.byte(byte))
        case .set(let set): self.instructions.append(.set(set))
        case .start: self.instructions.append(.start)
        case .end: self.instructions.append(.end)
        case .sequence(let nodes): for node in nodes { self.emit(node) }
        case .alternatives(let nodes): self.emit(alternatives: nodes)
        case .repetition(let node, let minimum, let maximum):
            for _ in 0..<minimum { self.emit(node) }
            if let maximum {
                self.emit(node, atMost: maximum - minimum)
            } else {
                let split = self.reserve()
                self.emit(node)
                self.instructions.append(.jump(UInt16(truncatingIfNeeded: split)))
                self.instructions[split] = .split(UInt16(truncatingIfNeeded: split + 1), self.here)
            }
        }
    }

    private mutating func emit(alternatives nodes: [PatternNode]) {
        var ends: [Int] = []
        for (index, node) in nodes.enumerated() {
            guard index < nodes.count - 1 else {
                self.emit(node)
                break
            }
            let split = self.reserve()
            self.emit(node)
            ends.append(self.reserve())
            self.instructions[split] = .split(UInt16(truncatingIfNeeded: split + 1), self.here)
        }
        for end in ends { self.instructions[end] = .jump(self.here) }
    }

    private mutating func emit(_ node: PatternNode, atMost count: Int) {
        var splits: [Int] = []
        for _ in 0..<count {
            splits.append(self.reserve())
            self.emit(node)
        }
        for split in splits { self.instructions[split] = .split(UInt16(truncatingIfNeeded: split + 1), self.here) }
    }
}
