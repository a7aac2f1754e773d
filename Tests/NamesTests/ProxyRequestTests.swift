import Testing

@testable import Names

@Suite struct ProxyRequestTests {
    private func read(_ text: String) -> ProxyRequest.Reading { ProxyRequest.read(Array(text.utf8)) }

    private func parsed(_ text: String) -> ProxyRequest? {
        guard case .request(let request, let byteCount) = read(text + "rest") else { return nil }
        #expect(byteCount == text.utf8.count)
        return request
    }

    @Test("CONNECT names its target, and nothing is sent on")
    func connect() {
        #expect(
            parsed("CONNECT orders.shop:443 HTTP/1.1\r\nHost: orders.shop:443\r\n\r\n")
                == ProxyRequest(host: "orders.shop", port: 443))
        #expect(parsed("CONNECT [2001:db8::1]:443 HTTP/1.1\r\n\r\n") == ProxyRequest(host: "2001:db8::1", port: 443))
    }

    @Test("a plain request is sent on as its server expects it, one a connection")
    func plain() throws {
        let request = try #require(
            parsed(
                "GET http://orders.shop/a?b=c HTTP/1.1\r\nHost: orders.shop\r\nProxy-Connection: keep-alive\r\n"
                    + "Connection: keep-alive\r\nX-Case: Kept\r\n\r\n"))
        #expect(request.host == "orders.shop")
        #expect(request.port == 80)
        #expect(
            String(decoding: request.forwarded ?? [], as: UTF8.self)
                == "GET /a?b=c HTTP/1.1\r\nHost: orders.shop\r\nX-Case: Kept\r\nConnection: close\r\n\r\n")
    }

    @Test("what is sent on is sent as it came, also when it is no UTF-8")
    func bytes() throws {
        let field = Array("X-Name: ".utf8) + [0xE9, 0x0D, 0x0A]
        let head = Array("GET http://a/".utf8) + [0xE8] + Array(" HTTP/1.1\r\n".utf8) + field + [0x0D, 0x0A]
        guard case .request(let request, _) = ProxyRequest.read(head) else {
            Issue.record("not read")
            return
        }
        let line = Array("GET /".utf8) + [0xE8] + Array(" HTTP/1.1\r\n".utf8)
        #expect(request.forwarded == line + field + Array("Connection: close\r\n\r\n".utf8))
    }

    @Test(
        "targets of plain requests",
        arguments: [
            ("http://a", "a", 80, "GET / "), ("http://a:8080?x", "a", 8080, "GET /?x "),
            ("HTTP://u:p@a:81/b", "a", 81, "GET /b "), ("http://[::2]:82/", "::2", 82, "GET / "),
        ])
    func targets(url: String, host: String, port: Int, line: String) {
        let request = parsed("GET \(url) HTTP/1.0\r\n\r\n")
        #expect(request?.host == host)
        #expect(request?.port == port)
        let forwarded = String(decoding: (request?.forwarded).flatMap { $0 } ?? [], as: UTF8.self)
        let isRight = forwarded.hasPrefix(line + "HTTP/1.0\r\n")
        #expect(isRight, "\(forwarded)")
    }

    @Test(
        "what is no request to a proxy",
        arguments: [
            "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "CONNECT a HTTP/1.1\r\n\r\n", "CONNECT a:0 HTTP/1.1\r\n\r\n",
            "CONNECT :80 HTTP/1.1\r\n\r\n", "GET https://a/ HTTP/1.1\r\n\r\n", "GET http:///x HTTP/1.1\r\n\r\n",
            "\r\n\r\n", "CONNECT a:1 HTTP/2\r\n\r\n", "CONNECT  a:1 HTTP/1.1\r\n\r\n", "\u{16}\u{3}\r\n\r\n",
        ])
    func malformed(text: String) {
        #expect(read(text) == .malformed)
    }

    @Test("a head that does not end is waited for, up to a limit")
    func unfinished() {
        #expect(read("CONNECT a:1 HTTP/1.1\r\n\r") == .incomplete)
        #expect(read("") == .incomplete)
        #expect(read(String(repeating: "a", count: ProxyRequest.maximumByteCount)) == .malformed)
    }
}
