import Testing

@testable import Requests

@Suite struct ForwardedFieldsTests {
    private func head(_ fields: String, caller: String = "10.0.0.1") throws -> String {
        let start = "GET / HTTP/1.1\r\nHost: a\r\n"
        let told = try #require(ForwardedFields(caller: caller)).head(of: try "\(start)\(fields)\r\n".requestHead())
        let text = String(decoding: told, as: UTF8.self)
        #expect(text.hasPrefix(start) && text.hasSuffix("\r\n\r\n"))
        // It is still one head, of the same request.
        let again = try text.requestHead()
        #expect(again.byteCount == told.count && again.framing == .empty)
        // CRLF is one character.
        return String(text.dropFirst(start.count).dropLast())
    }

    @Test("a request without them gets both, behind what it has")
    func new() throws {
        #expect(try self.head("") == "X-Forwarded-For: 10.0.0.1\r\nForwarded: for=10.0.0.1\r\n")
        #expect(try self.head("A:b \r\n") == "A:b \r\nX-Forwarded-For: 10.0.0.1\r\nForwarded: for=10.0.0.1\r\n")
    }

    @Test("the last one that is there says it behind what it says, whatever its case, and in any order")
    func appended() throws {
        #expect(
            try self.head(
                "Forwarded: for=x;proto=http\r\nX-FORWARDED-FOR:1.2.3.4\t\r\nx-forwarded-for: a, b\r\nB: c\r\n")
                == "Forwarded: for=x;proto=http, for=10.0.0.1\r\nX-FORWARDED-FOR:1.2.3.4\t\r\n"
                + "x-forwarded-for: a, b, 10.0.0.1\r\nB: c\r\n")
        #expect(
            try self.head("X-Forwarded-For:\r\nX-Forwarded-Fo: x\r\n")
                == "X-Forwarded-For:10.0.0.1\r\nX-Forwarded-Fo: x\r\nForwarded: for=10.0.0.1\r\n")
        #expect(
            try self.head("Forwarded: \t \r\n")
                == "Forwarded: \t for=10.0.0.1\r\nX-Forwarded-For: 10.0.0.1\r\n")
    }

    @Test("an IPv6 address stands in brackets and quotes in one of them; a mapped one is the IPv4 one")
    func addresses() throws {
        #expect(
            try self.head("", caller: "2001:db8::1")
                == "X-Forwarded-For: 2001:db8::1\r\nForwarded: for=\"[2001:db8::1]\"\r\n")
        #expect(
            try self.head("", caller: "::ffff:192.0.2.7")
                == "X-Forwarded-For: 192.0.2.7\r\nForwarded: for=192.0.2.7\r\n")
        for text in ["", "unknown", "a", "1.2.3.4\r\nX: y", "fe80::1%eth0", String(repeating: "1:", count: 30)] {
            #expect(ForwardedFields(caller: text) == nil, "\(text)")
        }
    }

    @Test("as pairs, for HTTP/2")
    func pairs() throws {
        let fields = try #require(ForwardedFields(caller: "::1"))
        func pairs(_ last: [String: String]) -> [String] {
            fields.fields { last[$0] }.map { "\($0.name): \($0.value)" }
        }
        #expect(pairs([:]) == ["x-forwarded-for: ::1", "forwarded: for=\"[::1]\""])
        #expect(
            pairs(["x-forwarded-for": "1.2.3.4", "forwarded": ""])
                == ["x-forwarded-for: 1.2.3.4, ::1", "forwarded: for=\"[::1]\""])
    }

    @Test("a head of the greatest length grows by at most 150 bytes")
    func longest() throws {
        let address = "abcd:abcd:abcd:abcd:abcd:abcd:123.123.123.123"
        #expect(address.utf8.count == 45)
        let start = "GET / HTTP/1.1\r\nHost: a\r\nX: "
        let head = try (start + String(repeating: "a", count: 65_536 - start.utf8.count - 4) + "\r\n\r\n").requestHead()
        #expect(head.byteCount == 65_536)
        let told = try #require(ForwardedFields(caller: address)).head(of: head)
        #expect((100...150).contains(told.count - 65_536))
    }
}
