import Testing

@testable import Requests

@Suite struct RuleTableTests {
    private static func entry(_ session: String, _ text: String) throws -> (session: String, rule: RequestRule) {
        (session, try RequestRule(text: text))
    }

    @Test("a request goes to the oldest session whose rule it meets")
    func oldest() throws {
        let table = RuleTable(oldestFirst: [
            try Self.entry("api", "path:/api"), try Self.entry("alice", "personal:alice"),
            try Self.entry("all", "path:/"),
        ])
        func session(_ target: String, _ user: String) throws -> String? {
            table.session(for: try "GET \(target) HTTP/1.1\r\nHost: a\r\nkubectl-tunnel: \(user)\r\n\r\n".requestHead())
        }
        #expect(try session("/api/x", "alice") == "api")
        #expect(try session("/x", "alice") == "alice")
        #expect(try session("/x", "bob") == "all")
        #expect(try session("*", "bob") == nil)
    }

    @Test("a session that has the very rule is found")
    func same() throws {
        let table = RuleTable(oldestFirst: [
            try Self.entry("a", "header:x=1 path:/a"), try Self.entry("b", "header:x=1"),
            try Self.entry("c", "header:x=1"),
        ])
        #expect(table.session(with: try RequestRule(text: "path:/a header:x=1")) == "a")
        #expect(table.session(with: try RequestRule(text: "header:x=1")) == "b")
        #expect(table.session(with: try RequestRule(text: "path:/a")) == nil)
        #expect(RuleTable<String>(oldestFirst: []).session(for: try "GET / HTTP/1.0\r\n\r\n".requestHead()) == nil)
    }
}
