/// Reads a regular expression: an extended one as `grep -E` has it, without what takes more than linear time.
struct PatternParser {
    /// How deep groups may be nested.
    static let maximumDepth = 32

    private let text: [UInt8]
    private var position = 0
    private var depth = 0
    private(set) var sets: [ByteSet] = []

    /// A parser of a pattern's UTF-8.
    init(_ text: [UInt8]) {
        self.text = text
    }

    /// Reads the whole pattern.
    mutating func parse() throws(RequestRuleError) -> PatternNode {
        let node = try self.alternatives()
        guard self.position == self.text.count else { throw self.error("`)` closes no group", "write `\\)`") }
        return node
    }

    private var next: UInt8? { self.position < self.text.count ? self.text[self.position] : nil }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard let next = self.next, next == UInt8(ascii: character) else { return false }
        self.position += 1
        return true
    }

    private func error(_ summary: String, _ hint: String) -> RequestRuleError {
        RequestRuleError("in the pattern `\(RuleText.quoted(self.text))`, \(summary)", hint: hint)
    }

    private mutating func alternatives() throws(RequestRuleError) -> PatternNode {
        var nodes = [try self.sequence()]
        while self.take("|") { nodes.append(try self.sequence()) }
        return nodes.count == 1 ? nodes[0] : .alternatives(nodes)
    }

    private mutating func sequence() throws(RequestRuleError) -> PatternNode {
        var nodes: [PatternNode] = []
        while let next = self.next, next != UInt8(ascii: "|"), next != UInt8(ascii: ")") {
            nodes.append(try self.repetition())
        }
        return nodes.isEmpty ? .empty : nodes.count == 1 ? nodes[0] : .sequence(nodes)
    }

    private mutating func repetition() throws(RequestRuleError) -> PatternNode {
        let atom = try self.atom()
        guard let bounds = try self.bounds() else { return atom }
        if case .start = atom { throw self.error("`^` cannot be repeated", "leave the repetition out") }
        if case .end = atom { throw self.error("`$` cannot be repeated", "leave the repetition out") }
        guard try self.bounds() == nil else {
            throw self.error("one repetition follows another", "put the first into a group: `(…)`")
        }
        let node = PatternNode.repetition(atom, minimum: bounds.minimum, maximum: bounds.maximum)
        // Checked here too, so that no cost is multiplied by more than this.
        guard node.cost <= RequestPattern.maximumInstructions else { throw self.tooLong }
        return node
    }

    /// What is said of a pattern that takes too many instructions.
    var tooLong: RequestRuleError {
        self.error("there is too much to match", "repeat less: `{m,n}` counts n times")
    }

    /// How often the last part is repeated; `nil` where it is not.
    private mutating func bounds() throws(RequestRuleError) -> (minimum: Int, maximum: Int?)? {
        if self.take("*") { return (0, nil) }
        if self.take("+") { return (1, nil) }
        if self.take("?") { return (0, 1) }
        guard self.take("{") else { return nil }
        let minimum = self.number()
        var maximum = minimum
        if self.take(",") {
            maximum = self.number()
            guard maximum != nil || self.take("}") else { throw self.badBounds }
            if let minimum, maximum == nil { return (minimum, nil) }
        }
        guard let minimum, let maximum, minimum <= maximum, self.take("}") else { throw self.badBounds }
        return (minimum, maximum)
    }

    private var badBounds: RequestRuleError {
        self.error(
            "`{` begins no repetition",
            "write `{m}`, `{m,}` or `{m,n}` with at most \(RequestPattern.maximumInstructions), or `\\{`")
    }

    /// A number that is not above the most instructions; `nil` where there is none.
    private mutating func number() -> Int? {
        var number: Int?
        while let next = self.next, next.isDigit {
            let value = (number ?? 0) * 10 + Int(next - UInt8(ascii: "0"))
            guard value <= RequestPattern.maximumInstructions else { return nil }
            number = value
            self.position += 1
        }
        return number
    }

    private mutating func atom() throws(RequestRuleError) -> PatternNode {
        guard let byte = self.next else { return .empty }
        self.position += 1
        switch byte {
        case UInt8(ascii: "("): return try self.group()
        case UInt8(ascii: "["): return try self.set(self.members())
        case UInt8(ascii: "."): return self.set(.any)
        case UInt8(ascii: "^"): return .start
        case UInt8(ascii: "$"): return .end
        case UInt8(ascii: "\\"):
            let escape = try self.escape()
            return escape.byte.map(PatternNode.byte) ?? self.set(escape.set)
        case UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "?"), UInt8(ascii: "{"):
            let character = Unicode.Scalar(byte)
            throw self.error("there is nothing for `\(character)` to repeat", "write `\\\(character)`")
        case 0x80...:
            // All bytes of a character, so that it is repeated as a whole.
            let start = self.position - 1
            while let next = self.next, next & 0xC0 == 0x80 { self.position += 1 }
            return .sequence(self.text[start..<self.position].map(PatternNode.byte))
        default: return .byte(byte)
        }
    }

    private mutating func group() throws(RequestRuleError) -> PatternNode {
        self.depth += 1
        guard self.depth <= Self.maximumDepth else {
            throw self.error("groups are nested deeper than \(Self.maximumDepth)", "nest them less")
        }
        if self.take("?"), !self.take(":") {
            throw self.error("`(?` begins a group that is not known", "write `(…)` or `(?:…)`")
        }
        let node = try self.alternatives()
        guard self.take(")") else { throw self.error("a group has no end", "write `)`, or `\\(`") }
        self.depth -= 1
        // Not the node itself: `(^)` can be repeated, as any group can.
        return .sequence([node])
    }

    private mutating func set(_ set: ByteSet) -> PatternNode {
        if let index = self.sets.firstIndex(of: set) { return .set(UInt16(truncatingIfNeeded: index)) }
        self.sets.append(set)
        return .set(UInt16(truncatingIfNeeded: self.sets.count - 1))
    }

    /// What stands behind a backslash: one byte, or a set.
    private mutating func escape() throws(RequestRuleError) -> (byte: UInt8?, set: ByteSet) {
        guard let byte = self.next else { throw self.error("nothing follows `\\`", "write `\\\\`") }
        self.position += 1
        switch byte {
        case UInt8(ascii: "d"): return (nil, .digits)
        case UInt8(ascii: "D"): return (nil, ByteSet.digits.inverted)
        case UInt8(ascii: "w"): return (nil, .word)
        case UInt8(ascii: "W"): return (nil, ByteSet.word.inverted)
        case UInt8(ascii: "s"): return (nil, .whitespace)
        case UInt8(ascii: "S"): return (nil, ByteSet.whitespace.inverted)
        case UInt8(ascii: "t"): return (0x09, ByteSet())
        case _ where byte >= 0x80 || ByteSet.word.contains(byte):
            let character = byte >= 0x80 ? "…" : String(Unicode.Scalar(byte))
            throw self.error("`\\\(character)` is not known", "of letters there are \\d \\w \\s \\D \\W \\S \\t")
        default: return (byte, ByteSet())
        }
    }

    /// What stands between `[` and `]`.
    private mutating func members() throws(RequestRuleError) -> ByteSet {
        var set = ByteSet()
        let isNegated = self.take("^")
        let start = self.position
        while let byte = self.next, byte != UInt8(ascii: "]") {
            let first = try self.member()
            // A dash at either end is itself.
            let isRange =
                self.next == UInt8(ascii: "-")
                && self.text.dropFirst(self.position + 1).first.map { $0 != UInt8(ascii: "]") } ?? false
            guard isRange else {
                if let byte = first.byte { set.insert(byte...byte) } else { set.formUnion(first.set) }
                continue
            }
            self.position += 1
            guard let low = first.byte, let high = try self.member().byte, low <= high else {
                throw self.error("a range in `[…]` goes from no character to a later one", "write `\\-` for the dash")
            }
            set.insert(low...high)
        }
        guard self.position > start else {
            throw self.error("`[]` is empty, or has no end", "write `\\]` for the bracket")
        }
        guard self.take("]") else { throw self.error("`[` has no end", "write `]`, or `\\[`") }
        return isNegated ? set.inverted : set
    }

    private mutating func member() throws(RequestRuleError) -> (byte: UInt8?, set: ByteSet) {
        guard let byte = self.next else { throw self.error("`[` has no end", "write `]`, or `\\[`") }
        self.position += 1
        switch byte {
        case UInt8(ascii: "\\"): return try self.escape()
        case 0x80...: throw self.error("`[…]` has a character that is not ASCII", "write `(a|b)` instead")
        case UInt8(ascii: "["):
            guard let next = self.next, !":.=".utf8.contains(next) else {
                throw self.error("`[[:…:]]` is not known", "write \\d, \\w or \\s, or `\\[`")
            }
            return (byte, ByteSet())
        default: return (byte, ByteSet())
        }
    }
}
