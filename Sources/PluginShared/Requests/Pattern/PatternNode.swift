/// A pattern's parts.
indirect enum PatternNode: Sendable {
    case empty
    case byte(UInt8)
    /// The number of a set of bytes.
    case set(UInt16)
    /// The value's start.
    case start
    /// The value's end.
    case end
    case sequence([PatternNode])
    case alternatives([PatternNode])
    /// At least `minimum` times; without a `maximum`, any number above.
    case repetition(PatternNode, minimum: Int, maximum: Int?)

    /// How many instructions it takes, at most. What takes none counts as one, so that nothing can be repeated for free.
    var cost: Int {
        switch self {
        case .empty, .byte, .set, .start, .end: 1
        case .sequence(let nodes): nodes.reduce(0) { $0 + $1.cost }
        case .alternatives(let nodes): nodes.reduce(0) { $0 + $1.cost + 2 }
        case .repetition(let node, let minimum, nil): (minimum + 1) * node.cost + 2
        case .repetition(let node, let minimum, let maximum?): max(1, maximum * node.cost + maximum - minimum)
        }
    }
}
