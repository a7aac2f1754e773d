import Testing

@testable import Requests

/// Patterns and values by chance, against a matcher that tries everything and is obviously right.
@Suite struct PatternOracleTests {
    /// All places behind a match of the node that begins at a position.
    private static func ends(_ node: PatternNode, _ sets: [ByteSet], _ value: [UInt8], _ start: Int) -> Set<Int> {
        switch node {
        case .empty: return [start]
        case .byte(let byte): return start < value.count && value[start] == byte ? [start + 1] : []
        case .set(let set): return start < value.count && sets[Int(set)].contains(value[start]) ? [start + 1] : []
        case .start: return start == 0 ? [start] : []
        case .end: return start == value.count ? [start] : []
        case .alternatives(let nodes): return nodes.reduce(into: []) { $0.formUnion(Self.ends($1, sets, value, start)) }
        case .sequence(let nodes):
            return nodes.reduce([start]) { places, node in
                places.reduce(into: []) { $0.formUnion(Self.ends(node, sets, value, $1)) }
            }
        case .repetition(let node, let minimum, let maximum):
            var (places, all): (Set<Int>, Set<Int>) = ([start], minimum == 0 ? [start] : [])
            // Without a maximum, one more round than there are bytes finds nothing new.
            for round in 1..<(1 + (maximum ?? minimum + value.count + 1)) {
                places = places.reduce(into: []) { $0.formUnion(Self.ends(node, sets, value, $1)) }
                if round >= minimum { all.formUnion(places) }
            }
            return all
        }
    }

    private static func pattern(_ numbers: inout SeededNumbers, depth: Int) -> String {
        var text = ""
        for _ in 0..<numbers.next(below: 4) {
            switch numbers.next(below: depth > 0 ? 10 : 8) {
            case 0...3: text += ["a", "b", ".", "[ab]"][numbers.next(below: 4)]
            case 4: text += ["^", "$", "[^a]", "\\d"][numbers.next(below: 4)]
            case 5: text += "|"
            case 6, 7: text += "a" + ["*", "+", "?", "{2}", "{1,}", "{0,2}"][numbers.next(below: 6)]
            default:
                text +=
                    "(" + Self.pattern(&numbers, depth: depth - 1) + ")"
                    + ["", "*", "+", "?", "{0,2}", "{2,3}"][numbers.next(below: 6)]
            }
        }
        return text
    }

    @Test("5,000 patterns by chance match what they should")
    func oracle() throws {
        var numbers = SeededNumbers(seed: 7)
        var matched = 0
        for _ in 0..<5_000 {
            let text = Self.pattern(&numbers, depth: 3)
            guard !text.isEmpty else { continue }
            var parser = PatternParser(Array(text.utf8))
            let (node, pattern) = (try parser.parse(), try RequestPattern(text))
            for _ in 0..<4 {
                let value = (0..<numbers.next(below: 7)).map { _ in UInt8(ascii: "a") + UInt8(numbers.next(below: 2)) }
                let expected = (0...value.count).contains { !Self.ends(node, parser.sets, value, $0).isEmpty }
                var budget = Int.max
                let result = value.withUnsafeBytes { pattern.matches($0, budget: &budget) }
                #expect(result == expected, "\(text) on \(String(decoding: value, as: UTF8.self))")
                matched += expected ? 1 : 0
            }
        }
        #expect(matched > 2_000 && matched < 18_000)
    }
}
