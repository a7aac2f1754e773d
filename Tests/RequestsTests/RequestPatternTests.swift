import Testing

@testable import Requests

@Suite struct RequestPatternTests {
    private static func matches(_ pattern: String, _ value: String) throws -> Bool {
        var budget = Int.max
        let pattern = try RequestPattern(pattern)
        return Array(value.utf8).withUnsafeBytes { pattern.matches($0, budget: &budget) }
    }

    static let cases: [(pattern: String, yes: [String], no: [String])] = [
        ("alice", ["alice", "xalicex"], ["", "alic", "Alice"]),
        ("^alice$", ["alice"], ["xalice", "alicex", "alice\n"]),
        ("^a|b$", ["ax", "xb"], ["xa", "bx"]),
        ("^(a|b)$", ["a", "b"], ["ab", ""]),
        ("^(?:al|bo)+b?$", ["al", "bob", "albob"], ["", "b", "abob"]),
        ("^.$", ["a", " "], ["", "ab", "\u{e4}"]),
        ("^a*$", ["", "aaa"], ["ab"]), ("^a+$", ["a", "aaa"], ["", "b"]), ("^a?$", ["", "a"], ["aa"]),
        ("^a{2}$", ["aa"], ["a", "aaa"]), ("^a{2,}$", ["aa", "aaaaa"], ["a"]),
        ("^a{1,3}$", ["a", "aaa"], ["", "aaaa"]),
        ("^a{0}$", [""], ["a"]), ("^(ab){2}$", ["abab"], ["ab", "abb"]), ("^(a|){3}$", ["", "a", "aaa"], ["aaaa"]),
        ("^[a-cx]$", ["a", "b", "c", "x"], ["d", "-", ""]), ("^[^a-c]$", ["d", "^"], ["a", ""]),
        ("^[-a]$", ["-", "a"], ["b"]), ("^[a-]$", ["-", "a"], ["b"]), ("^[a^]$", ["a", "^"], ["b"]),
        ("^[\\]\\-\\\\]$", ["]", "-", "\\"], ["a"]), ("^[\\d_]+$", ["1_2"], ["a"]), ("^[[a]$", ["[", "a"], ["b"]),
        ("^[^\\d]$", ["a"], ["1"]), ("^[.*+]$", [".", "*", "+"], ["a"]),
        ("^\\d\\D\\w\\W\\s\\S$", ["1x_- y"], ["xx_- y", "11_- y", "1x-- y", "1x__ y", "1x_-xy", "1x_-  "]),
        ("^\\t$", ["\t"], ["t"]), ("^a\\.b\\*\\(\\)\\{\\|$", ["a.b*(){|"], ["aXb*(){|"]),
        ("^}]$", ["}]"], [""]), ("^\u{e4}+$", ["\u{e4}\u{e4}"], ["\u{e4}\u{c4}", "a"]),
        ("$", ["", "a"], []), ("^$", [""], ["a"]), ("a^b", [], ["ab", "a^b"]), ("a$b", [], ["ab"]),
        ("(^a|b)c", ["ac", "xbc"], ["xac"]), ("a|", ["", "b"], []), ("()", ["", "b"], []), ("(()*)*x", ["x"], ["y"]),
        ("^(^){2}($)*$", [""], ["a"]), ("(a*)*$", ["", "b", "aaa"], []), ("^(a*)*$", ["", "aaa"], ["b"]),
        ("^((a?){3}){3}$", ["", "aaaaaaaaa"], ["aaaaaaaaaa"]),
        ("x.*y.*z", ["x-y-z", "__xyz"], ["xzy"]),
        ("^[a-z0-9.]+@example\\.com$", ["a.b@example.com"], ["a@example_com"]),
    ]

    @Test("what a pattern matches")
    func matching() throws {
        for (pattern, yes, no) in Self.cases {
            for value in yes { #expect(try Self.matches(pattern, value), "\(pattern) on \(value)") }
            for value in no { #expect(try !Self.matches(pattern, value), "\(pattern) on \(value)") }
        }
    }

    static let refused: [(pattern: String, words: String)] = [
        ("", "empty"), ("(", "no end"), (")", "closes no group"), ("a)", "closes no group"), ("(a", "no end"),
        ("(?=a)", "`(?`"), ("(?<n>a)", "`(?`"), ("(?i)a", "`(?`"), ("*a", "`*`"), ("a|+", "`+`"), ("(?", "`(?`"),
        ("(?)", "`(?`"), ("a**", "follows another"), ("a+?", "follows another"), ("a{2}{3}", "follows another"),
        ("{2}", "`{`"), ("a{", "`{`"), ("a{,2}", "`{`"), ("a{2", "`{`"), ("a{2,1}", "`{`"), ("a{x}", "`{`"),
        ("a{1001}", "`{`"), ("a{99999999999999999999}", "`{`"), ("a{,}", "`{`"), ("a{1,2,3}", "`{`"),
        ("a{1000}", "too much"), ("^a{998}$", "too much"), ("(((a{0}){999}){999}){999}", "too much"),
        ("(a{40}){40}", "too much"), ("((((a{9}){9}){9}){9}){9}", "too much"),
        ("(){1000}", "too much"), ("((((()*{1,999}){999}){999}){999})", "follows another"),
        ("((){999}){999}", "too much"), ("[", "`[]`"), ("[]", "`[]`"), ("[^]", "`[]`"), ("[a", "no end"),
        ("[a\\", "nothing follows"), ("[b-a]", "range"), ("[\\d-x]", "range"), ("[a-\\d]", "range"),
        ("[[:alpha:]]", "`[[:"), ("[\u{e4}]", "not ASCII"), ("\\", "nothing follows"), ("\\b", "`\\b`"),
        ("\\1", "`\\1`"), ("\\p{L}", "`\\p`"), ("\\\u{e4}", "not known"), ("^*", "`^`"), ("a$+", "`$`"),
        (String(repeating: "(", count: 33) + String(repeating: ")", count: 33), "nested"),
        (String(repeating: "(", count: 1_000), "nested"),
    ]

    @Test("what is not known, or too much, is named")
    func refusing() {
        for (pattern, words) in Self.refused {
            let error = #expect(throws: RequestRuleError.self, "\(pattern)") { try RequestPattern(pattern) }
            #expect(error?.summary.contains(words) == true, "\(pattern): \(error?.summary ?? "")")
            #expect(error?.hint.isEmpty == false && error?.summary.contains("\n") == false)
        }
    }

    @Test("32 groups in each other, and as many instructions as there may be")
    func most() throws {
        #expect(try Self.matches(String(repeating: "(", count: 32) + "a" + String(repeating: ")", count: 32), "a"))
        #expect(try Self.matches("^a{997}$", String(repeating: "a", count: 997)))
        #expect(try !Self.matches("^a{997}$", String(repeating: "a", count: 996)))
    }

    /// Patterns that take a time that doubles with each byte where an expression engine goes back.
    @Test(
        "steps grow with the value's length alone, whatever the pattern",
        arguments: ["(a+)+$", "(a|a)*b", "(a*)*b", "(.*a){20}b"])
    func linear(_ text: String) throws {
        let pattern = try RequestPattern(text)
        func steps(_ count: Int) -> Int {
            var budget = Int.max
            let value = [UInt8](repeating: UInt8(ascii: "a"), count: count - 1) + [UInt8(ascii: "!")]
            let matches = value.withUnsafeBytes { pattern.matches($0, budget: &budget) }
            #expect(!matches)
            return Int.max - budget
        }
        let (short, long) = (steps(4_096), steps(65_536))
        #expect(long <= short * 17, "\(short) and \(long)")
        #expect(long <= 65_536 * 200)
    }

    @Test("a value that takes more steps than there are does not match")
    func budget() throws {
        let pattern = try RequestPattern("a{500}$")
        let value = [UInt8](repeating: UInt8(ascii: "a"), count: 8_192)
        func matches(_ steps: Int) -> (Bool, left: Int) {
            var budget = steps
            return (value.withUnsafeBytes { pattern.matches($0, budget: &budget) }, budget)
        }
        #expect(matches(.max).0)
        let (isMatch, left) = matches(100_000)
        #expect(!isMatch && left <= 0 && left > -2_000)
    }
}
