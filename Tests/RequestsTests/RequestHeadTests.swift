import Testing

@testable import Requests

@Suite struct RequestHeadTests {
    @Test("where a request ends, and what is behind it")
    func framing() {
        #expect(Walk.log("GET / HTTP/1.1\r\nHost: a\r\n\r\n") == ["GET /, empty, keeps", "+0"])
        #expect(
            Walk.log("POST /a?b HTTP/1.1\r\nHost: a\r\ncontent-LENGTH:\t5 \r\n\r\nhelloGET / HTTP/1.1\r\nHost:\r\n\r\n")
                == ["POST /a?b, length(5), keeps", "+5", "GET /, empty, keeps", "+0"])
        #expect(
            Walk.log(
                "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \t Chunked\t\r\n\r\n3;a=b\r\nabc\r\n0\r\nT: x\r\n\r\n")
                == ["PUT /, chunked, keeps", "+23"])
        #expect(
            Walk.log("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n") == ["POST /, length(0), keeps", "+0"])
        #expect(
            Walk.log("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9223372036854775807\r\n\r\n")
                == ["POST /, length(9223372036854775807), keeps"])
    }

    @Test("whether the caller would send another request")
    func keepsAlive() throws {
        let cases = [
            ("HTTP/1.1\r\nHost: a", true), ("HTTP/1.1\r\nHost: a\r\nConnection: close", false),
            ("HTTP/1.1\r\nHost: a\r\nConnection: x, CLOSE ,y", false),
            ("HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\nConnection: close", false),
            ("HTTP/1.1\r\nHost: a\r\nConnection: closed", true),
            ("HTTP/1.0", false), ("HTTP/1.0\r\nConnection: Keep-Alive", true),
            ("HTTP/1.0\r\nConnection: keep-alive, close", false),
        ]
        for (rest, expected) in cases {
            #expect(try "GET / \(rest)\r\n\r\n".requestHead().keepsAlive == expected, "\(rest)")
        }
    }

    @Test("what the caller waits for, and what it would change to")
    func expectations() throws {
        let head = try
            "GET /chat HTTP/1.1\r\nHost: a\r\nUpgrade:\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n\r\n"
            .requestHead()
        #expect(head.upgrade == "websocket" && !head.expectsContinue && !head.isConnect)
        // Each of the two alone asks for nothing, and neither does HTTP/1.0.
        #expect(try "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\n\r\n".requestHead().upgrade == nil)
        #expect(try "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\n\r\n".requestHead().upgrade == nil)
        #expect(try "GET / HTTP/1.0\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n".requestHead().upgrade == nil)

        #expect(try "PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\n\r\n".requestHead().expectsContinue)
        #expect(try !"PUT / HTTP/1.1\r\nHost: a\r\nExpect: 200-ok\r\n\r\n".requestHead().expectsContinue)
        #expect(try !"PUT / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n".requestHead().expectsContinue)

        let connect = try "CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n".requestHead()
        #expect(connect.isConnect && connect.methodKind == .connect)
        #expect(try "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n".requestHead().methodKind == .head)
        // Methods have a case.
        #expect(try "head / HTTP/1.1\r\nHost: a\r\n\r\n".requestHead().methodKind == .ordinary)
    }

    @Test("an offer of HTTP/2 is taken out, and all else is as it came")
    func offers() throws {
        func plain(_ fields: String) throws -> String? {
            let head = try "GET / HTTP/1.1\r\nHost: a\r\n\(fields)A: b\r\n\r\n".requestHead().withoutHTTP2
            return head.map { String(decoding: $0.fields.bytes, as: UTF8.self) }
        }
        let start = "GET / HTTP/1.1\r\nHost: a\r\n"
        #expect(
            try plain("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAM\r\n")
                == start + "A: b\r\n\r\n")
        #expect(
            try plain("Connection: Upgrade , keep-alive,HTTP2-Settings\r\nupgrade:H2C \r\n")
                == start + "Connection: keep-alive\r\nA: b\r\n\r\n")
        #expect(
            try plain("Upgrade: websocket, h2c\r\nConnection: upgrade\r\n")
                == start + "Upgrade: websocket\r\nConnection: upgrade\r\nA: b\r\n\r\n")
        #expect(try plain("Upgrade: websocket\r\nConnection: Upgrade\r\n") == nil && plain("") == nil)
        // Nobody is asked to change as it should be, and some servers do.
        #expect(try plain("Upgrade: h2c\r\n") == start + "A: b\r\n\r\n")
        #expect(
            try plain("Connection: HTTP2-Settings\r\nUpgrade: h2c,\u{301}x\r\n")
                == start + "Upgrade: \u{301}x\r\nA: b\r\n\r\n")
    }

    @Test("names keep their case and their order, values their bytes but for white space at the ends")
    func fields() throws {
        let text = "GET http://a/x HTTP/1.0\r\nX-User: \t alice b\t\r\nx-uSER:\r\nA:\u{e9}:\r\n\r\n"
        let head = try text.requestHead()
        func string(_ bytes: ArraySlice<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }
        #expect(head.fields.bytes == Array(text.utf8) && head.byteCount == text.utf8.count)
        #expect(head.fields.values(of: "X-USER").map(string) == ["alice b", ""])
        #expect(head.fields.values(of: "x-use").isEmpty)
        #expect(head.fields.all.map { string($0.name) } == ["X-User", "x-uSER", "A"])
        #expect(head.fields.all.map { string($0.value) } == ["alice b", "", "\u{e9}:"])
        #expect(head.fields.count == 3 && head.version == .http10)
        #expect(string(head.method) == "GET" && string(head.target) == "http://a/x")
    }

    @Test("a head has at most 64 KiB, with its last CRLF")
    func longest() {
        func head(_ count: Int) -> [UInt8] {
            let start = Array("GET / HTTP/1.1\r\nHost: a\r\nX: ".utf8)
            return start + [UInt8](repeating: 0x61, count: count - start.count - 4) + Array("\r\n\r\n".utf8)
        }
        #expect(Walk.log([head(65_536)]) == ["GET /, empty, keeps", "+0"])
        #expect(Walk.log([head(65_537)]) == ["the head is longer than 64 KiB"])
        #expect(Walk.log([Array(head(70_000).prefix(65_535))]).isEmpty)
        #expect(Walk.log([Array(head(70_000).prefix(65_536))]) == ["the head is longer than 64 KiB"])
        let many = "GET / HTTP/1.1\r\nHost:\r\n" + String(repeating: "a:\r\n", count: 16_000) + "\r\n"
        #expect(Walk.log(many) == ["GET /, empty, keeps", "+0"])
    }

    /// Bytes that were read are changed behind the reader's back: it would say so if it read them again.
    @Test("a byte is looked for an end once, however many pieces a head comes in")
    func linear() {
        var reader = RequestHeadReader()
        var bytes = Array("GET / HTTP/1.1\r\nHost: a\r\nX: ".utf8)
        for _ in 0..<1_000 {
            bytes += Array("aa".utf8)
            guard case .incomplete = bytes.withUnsafeBytes({ reader.read($0) }) else {
                Issue.record("a byte was read again")
                return
            }
            for index in bytes.indices { bytes[index] = 0 }
        }
    }
}
