import Foundation
import Testing

@testable import Requests

@Suite struct RequestRuleTests {
    private static func rule(_ conditions: (RequestCondition.Kind, String)...) throws -> RequestRule {
        try RequestRule(conditions.map { try RequestCondition($0.0, $0.1) })
    }

    private static func error(_ kind: RequestCondition.Kind, _ word: String) -> RequestRuleError? {
        #expect(throws: RequestRuleError.self, "\(kind) \(word)") { try RequestCondition(kind, word) }
    }

    static let texts: [(kind: RequestCondition.Kind, word: String, text: String)] = [
        (.header, "X-User=alice", "header:x-user=alice"), (.header, "x-user=  a b ", "header:x-user=a%20b"),
        (.header, "X-User~^a=b$", "header:x-user~^a=b$"), (.header, "a=b~c", "header:a=b~c"),
        (.header, "a=", "header:a="),
        (.path, "/api", "path:/api"), (.path, "/api/", "path:/api/"), (.path, "/", "path:/"),
        (.path, "/%61%2f%2F%7e", "path:/a%252F%252F~"), (.path, "/\u{e4}", "path:/%25C3%25A4"),
        (.path, "/%C3%a4", "path:/%25C3%25A4"), (.path, "/%25", "path:/%2525"),
        (.method, "get", "method:GET"), (.method, "M-SEARCH", "method:M-SEARCH"),
        (.query, "a b=c d", "query:a%20b=c%20d"), (.query, "q=", "query:q="), (.query, "q=a=b&c", "query:q=a=b&c"),
        (.cookie, "user=alice", "cookie:user=alice"), (.cookie, "user=\"a\"", "cookie:user=\"a\""),
        (.baggage, "user=\u{e4} x", "baggage:user=%C3%A4%20x"), (.baggage, "Key=a,b;c", "baggage:Key=a,b;c"),
        (.personal, " alice ", "personal:alice"), (.personal, "100%", "personal:100%25"),
    ]

    @Test("a condition's text is the same for all that mean the same, and is read again as what it was")
    func text() throws {
        for (kind, word, text) in Self.texts {
            let condition = try RequestCondition(kind, word)
            #expect(condition.text == text && condition.kind == kind)
            let rule = try RequestRule([condition])
            #expect(rule.text == text)
            #expect(try RequestRule(text: text) == rule, "\(text)")
            #expect(try RequestRule(text: text).text == text)
        }
    }

    static let refused: [(kind: RequestCondition.Kind, word: String, words: String)] = [
        (.header, "x-user", "has no value"), (.header, "=a", "a header's name"),
        (.header, "x user=a", "a header's name"),
        (.header, ":path=/", "a header's name"), (.header, "", "has no value"), (.header, "a=b\u{0}", "control"),
        (.header, "a=b\r\nc: d", "control"), (.header, "a~(", "pattern"), (.header, "a~", "pattern is empty"),
        (.path, "api", "slash"), (.path, "", "slash"), (.path, "http://a/b", "slash"), (.path, "/a?b=c", "character"),
        (.path, "/a#b", "character"), (.path, "/a b", "character"), (.path, "/100%", "character"),
        (.path, "/%%341", "character"), (.path, "/%2", "character"),
        (.method, "", "no method"), (.method, "GET /", "no method"),
        (.method, String(repeating: "A", count: 33), "no method"),
        (.query, "a", "has no value"), (.query, "=a", "a parameter's name"),
        (.cookie, "a", "has no value"), (.cookie, "a b=c", "a cookie's name"), (.cookie, "a=b;c", "no cookie"),
        (.cookie, "a=b c", "no cookie"), (.baggage, "a", "has no value"), (.baggage, "a,b=c", "a key of baggage"),
        (.personal, "", "nobody"), (.personal, "  ", "nobody"),
        (.header, "a=" + String(repeating: "b", count: 1_023), "longer than 1024"),
    ]

    @Test("what is wrong with a word is said with its flag, and what to do")
    func refusing() throws {
        for (kind, word, words) in Self.refused {
            let error = try #require(Self.error(kind, word))
            #expect(error.summary.contains(words), "\(error.summary)")
            let isNamed = error.summary.contains("--\(kind.rawValue) ") || words.hasPrefix("pattern")
            #expect(isNamed || error.summary.contains("a pattern is empty"), "\(error.summary)")
            #expect(!error.hint.isEmpty && !"\(error)\(error.hint)".contains { $0.isNewline })
        }
    }

    @Test("what another wrote cannot move a terminal's cursor")
    func quoting() throws {
        let error = try #require(Self.error(.header, "x\u{1b}[2Jy"))
        #expect(error.summary.contains("%1B[2Jy"))
        let unknown = #expect(throws: RequestRuleError.self) { try RequestRule(text: "x\u{9b}2J") }
        #expect(unknown?.summary.contains("%C2%9B2J") == true)
        #expect(try #require(Self.error(.path, String(repeating: "x", count: 900))).summary.count < 120)
    }

    @Test("rules are the same whatever the order of their conditions, and none counts twice")
    func canonical() throws {
        let one = try Self.rule((.header, "X-User=alice"), (.path, "/%61"), (.header, "x-user=alice"))
        let other = try Self.rule((.path, "/a"), (.header, "x-user= alice"))
        #expect(one == other && one.hashValue == other.hashValue && one.text == other.text)
        #expect(one.text == "header:x-user=alice path:/a" && one.conditions.count == 2)
        #expect(try Self.rule((.header, "x-user=Alice")) != Self.rule((.header, "x-user=alice")))
        #expect(try Self.rule((.header, "x~a")) != Self.rule((.header, "x=a")))
        #expect(try Self.rule((.personal, "a")) != Self.rule((.header, "kubectl-tunnel=a")))
    }

    @Test("a rule has 1 to 16 conditions, one method, and 1 KiB of text at most")
    func bounds() throws {
        func many(_ count: Int) throws -> RequestRule {
            try RequestRule((0..<count).map { try RequestCondition(.header, "x-\($0)=a") })
        }
        #expect(try many(16).conditions.count == 16)
        #expect(throws: RequestRuleError.self) { try many(17) }
        #expect(throws: RequestRuleError.self) { try many(0) }
        #expect(throws: RequestRuleError.self) { try Self.rule((.method, "GET"), (.method, "POST")) }
        #expect(try Self.rule((.method, "GET"), (.method, "get")).conditions.count == 1)
        let longest = try Self.rule((.header, "a=" + String(repeating: "b", count: 1_015)))
        #expect(longest.text.utf8.count == 1_024)
        #expect(try RequestRule(text: longest.text) == longest)
        #expect(throws: RequestRuleError.self) { try Self.rule((.header, "a=" + String(repeating: "b", count: 1_016))) }
        #expect(throws: RequestRuleError.self) {
            try Self.rule((.header, "a=" + String(repeating: "\u{e4}", count: 200)))
        }
    }

    @Test("encoded, a rule is its text; what is no rule cannot be decoded")
    func coding() throws {
        let rule = try Self.rule((.header, "x-user~^a\"b\\\\$"), (.path, "/\u{e4}"))
        let json = try JSONEncoder().encode([rule])
        #expect(try JSONDecoder().decode([String].self, from: json) == [rule.text])
        #expect(try JSONDecoder().decode([RequestRule].self, from: json) == [rule])
        #expect(throws: DecodingError.self) { try JSONDecoder().decode([RequestRule].self, from: Data("[\"x\"]".utf8)) }
    }

    @Test("text that is no rule is refused")
    func foreign() {
        for text in [
            "", " ", "header", "header:", "header:x", "Header:x=y", "body:x", ":", "header:x=%", "header:x=%4",
            "header:x=%gg", "header:x=%FF", "header:x=%00", "path:/a%", "header:x~(", "header:x=\u{e4}y z",
            String(repeating: "header:x=y ", count: 100),
        ] {
            #expect(throws: RequestRuleError.self, "\(text)") { try RequestRule(text: text) }
        }
    }
}
