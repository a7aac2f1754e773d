import NIOCore
import Testing

@testable import Tunnel

@Suite struct CopyReaderTests {
    /// What is read of these bytes, in words; `<` is an answer to what came before.
    private func words(_ parts: [String]) -> [String] {
        var reader = CopyReader()
        var words: [String] = []
        for part in parts {
            if part.hasPrefix("<") {
                if !reader.upstreamSent(ByteBuffer(string: String(part.dropFirst()))) { words.append("uncertain") }
                continue
            }
            reader.callerSent(ByteBuffer(string: part))
            while let piece = reader.next() {
                switch piece {
                case .head(_, let bytes): words.append("head \(bytes.readableBytes)")
                case .body(let bytes): words.append("body \(bytes.readableBytes)")
                case .end: words.append("end")
                case .unreadable(let name): words.append("unreadable \(name ?? "")")
                }
            }
        }
        return words
    }

    private static let get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
    private static let expects = "PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n"

    @Test("requests are told one by one, however their bytes come")
    func requests() {
        #expect(self.words([Self.get + Self.get]) == ["head 27", "end", "head 27", "end"])
        #expect(self.words(["GE", "T / HTTP/1.1\r\nHost: a\r\n", "\r\n"]) == ["head 27", "end"])
        let post = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n"
        #expect(
            self.words([post + "ab", "cde" + Self.get]) == ["head 47", "body 2", "body 3", "end", "head 27", "end"])
    }

    @Test(
        "what is none of HTTP/1 is told once, and then nothing",
        arguments: [
            ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "unreadable HTTP/2"), ("\u{16}\u{3}\u{1}", "unreadable TLS"),
            ("\u{1}\u{2}", "unreadable no HTTP"), ("CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", "unreadable "),
            ("GET / HTTP/1.1\r\nHost : a\r\n\r\n", "unreadable "),
        ])
    func others(text: String, told: String) {
        #expect(self.words([text, Self.get]) == [told])
    }

    @Test("behind a change to another protocol nothing is a request")
    func changed() {
        let upgrade = "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n"
        #expect(self.words([upgrade, "<HTTP/1.1 101 Switching Protocols\r\n\r\n"]) == ["head 62", "end", "uncertain"])
        #expect(
            self.words([upgrade, "<HTTP/1.1 200 OK\r\n\r\n", Self.get, "<HTTP/1.1 101 x"])
                == ["head 62", "end", "head 27", "end"])
    }

    @Test("behind a request that was refused before its body nobody knows what comes")
    func refused() {
        #expect(self.words([Self.expects, "<HTTP/1.1 100 Continue\r\n\r\n", "abc"]) == ["head 68", "body 3", "end"])
        #expect(self.words([Self.expects, "abc", "<HTTP/1.1 200 OK\r\n\r\n"]) == ["head 68", "body 3", "end"])
        #expect(self.words([Self.expects, "<HTTP/1.1 401 No\r\n\r\n"]) == ["head 68", "uncertain"])
    }
}
