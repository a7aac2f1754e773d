import Testing

@testable import Requests

@Suite struct MirrorTableTests {
    private func head(_ user: String) throws -> RequestHead {
        try "GET / HTTP/1.1\r\nHost: a\r\nX-User: \(user)\r\n\r\n".requestHead()
    }

    @Test("everybody whose rule a request meets gets it; who has no rule gets connections, and no request")
    func sessions() throws {
        func rule(_ word: String) throws -> RequestRule { try RequestRule([RequestCondition(.header, word)]) }
        let table = MirrorTable([
            ("all", nil), ("alice", try rule("x-user=alice")), ("a", try rule("x-user~^a")), ("also all", nil),
        ])
        #expect(table.ofConnections == ["all", "also all"] && table.readsRequests)
        #expect(table.sessions(for: try self.head("alice")) == ["alice", "a"])
        #expect(table.sessions(for: try self.head("anna")) == ["a"])
        #expect(table.sessions(for: try self.head("bob")).isEmpty)
        #expect(!MirrorTable<String>([("all", nil)]).readsRequests)
    }
}
