import Testing

@testable import Requests

@Suite struct CallerProtocolTests {
    static let preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

    private static func sniff(_ text: String) -> CallerProtocol? { Self.sniff(Array(text.utf8)) }
    private static func sniff(_ bytes: [UInt8]) -> CallerProtocol? {
        bytes.withUnsafeBytes { CallerProtocol.sniff($0) }
    }

    @Test(
        "the first bytes decide",
        arguments: [
            ("GET / HTTP/1.1\r\n", .http1), ("M-SEARCH * HTTP/1.1\r\n", .http1), ("EHLO mail.example\r\n", .http1),
            (preface, .http2), (preface + "\0\0\0", .http2),
            ("PRI * HTTP/1.1\r\n", .http1), ("PRI x", .http1), ("PRI * HTTP/2.0\r\n\r\nSM\r\n\rx", .http1),
            (" GET /", .unknown), ("\r\nGET / HTTP/1.1", .unknown), ("G\u{0}", .unknown), ("GET\t/", .unknown),
            ("SSH-2.0-OpenSSH_9.2\r\n", .unknown), ("*1\r\n$4\r\nPING\r\n", .unknown),
            ("\u{0}\u{0}\u{0}\u{8}\u{4}\u{d2}\u{16}/", .unknown),
            ("\u{16}\u{3}\u{1}", .tls), ("\u{16}\u{4}", .unknown), ("\u{16}H", .unknown),
        ] as [(String, CallerProtocol)])
    func decides(_ text: String, _ expected: CallerProtocol) {
        #expect(Self.sniff(text) == expected)
    }

    @Test("it waits no longer than it has to")
    func early() {
        for text in ["", "G", "GET", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r", "\u{16}"] { #expect(Self.sniff(text) == nil) }
        let preface = Array(Self.preface.utf8)
        for count in 0..<preface.count { #expect(Self.sniff(Array(preface.prefix(count))) == nil) }
        #expect(Self.sniff("G ") == .http1)
        #expect(Self.sniff("PRI *x") == .http1)
    }

    @Test("a method has at most 32 bytes")
    func long() {
        let longest = String(repeating: "A", count: 32)
        #expect(Self.sniff(longest) == nil)
        #expect(Self.sniff(longest + " ") == .http1)
        #expect(Self.sniff(longest + "A") == .unknown)
        #expect(Self.sniff(longest + "A ") == .unknown)
    }
}
