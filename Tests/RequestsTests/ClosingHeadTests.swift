import Testing

@testable import Requests

@Suite struct ClosingHeadTests {
    private func closing(_ fields: String, _ version: String = "1.1") throws -> String {
        func read(_ text: String) -> HeadReading<ResponseHead> {
            var reader = ResponseHeadReader(answering: .ordinary)
            return Array(text.utf8).withUnsafeBytes { reader.read($0) }
        }
        let start = "HTTP/\(version) 200 OK\r\nContent-Length: 5\r\n"
        guard case .head(let head) = read("\(start)\(fields)\r\n") else {
            Issue.record("no head: \(fields)")
            return ""
        }
        let text = String(decoding: head.closing, as: UTF8.self)
        guard case .head(let again) = read(text) else {
            Issue.record("no head any more: \(text)")
            return ""
        }
        #expect(again.framing == head.framing && !again.keepsAlive && again.byteCount == head.closing.count)
        #expect(text.hasPrefix(start))
        return String(text.dropFirst(start.count).dropLast())
    }

    @Test("close takes keep-alive's place, goes beside what else is said, and stands in one field")
    func closing() throws {
        let cases = [
            "": "Connection: close\r\n", "A: b\r\n": "A: b\r\nConnection: close\r\n",
            "CONNECTION: Keep-Alive \r\nA: b\r\n": "CONNECTION: close \r\nA: b\r\n",
            "Connection:\r\n": "Connection:close\r\n", "Connection: , \r\n": "Connection: close \r\n",
            "Connection: upgrade\r\n": "Connection: close, upgrade\r\n",
            "connection: keep-alive, X-Hop\t,keep-alive\r\nA: b\r\nConnection: Upgrade \r\nKeep-Alive: timeout=5\r\n":
                "connection: close, X-Hop, Upgrade\r\nA: b\r\nKeep-Alive: timeout=5\r\n",
            "Connection: close\r\n": "Connection: close\r\n",
            "Connection: keep-alive, close\r\nConnection:\r\n": "Connection: close\r\n",
        ]
        for (fields, expected) in cases { #expect(try self.closing(fields) == expected, "\(fields)") }
        #expect(try self.closing("Connection: keep-alive\r\n", "1.0") == "Connection: close\r\n")
    }
}
