import Testing

@testable import Requests

@Suite struct ResponseHeadTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var head: String
        var method: MethodKind
        var log: String
        var testDescription: String { "\(self.head.debugDescription) to \(self.method)" }

        init(_ head: String, to method: MethodKind = .ordinary, _ log: String) {
            self.head = head
            self.method = method
            self.log = log
        }
    }

    static let cases: [Case] = [
        Case("HTTP/1.1 200 OK\r\nContent-Length: 5", "200, length(5), keeps"),
        Case("HTTP/1.1 200 OK\r\nTransfer-Encoding: CHUNKED", "200, chunked, keeps"),
        Case("HTTP/1.1 200 OK", "200, untilClose, closes"),
        Case("HTTP/1.1 200 OK\r\nConnection: keep-alive", "200, untilClose, closes"),
        Case("HTTP/1.0 200 OK\r\nContent-Length: 5", "200, length(5), closes"),
        Case("HTTP/1.0 200 OK\r\nContent-Length: 5\r\nConnection: keep-alive", "200, length(5), keeps"),
        Case("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close", "200, length(5), closes"),
        // No reason, no space behind the status, white space and bytes above 127 in the reason.
        Case("HTTP/1.1 200 \r\nContent-Length: 0", "200, length(0), keeps"),
        Case("HTTP/1.1 200\r\nContent-Length: 0", "200, length(0), keeps"),
        Case("HTTP/1.1 404 Pas trouv\u{e9}\t !\r\nContent-Length: 0", "404, length(0), keeps"),
        Case("HTTP/1.1 999 X\r\nContent-Length: 1", "999, length(1), keeps"),
        // Without a body whatever the fields say.
        Case("HTTP/1.1 200 OK\r\nContent-Length: 5", to: .head, "200, empty, keeps"),
        Case("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked", to: .head, "200, empty, keeps"),
        Case("HTTP/1.1 200 OK", to: .head, "200, empty, keeps"),
        Case("HTTP/1.1 304 Not Modified\r\nContent-Length: 5", "304, empty, keeps"),
        Case("HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked", "304, empty, keeps"),
        Case("HTTP/1.1 204 No Content", "204, empty, keeps"),
        Case("HTTP/1.1 204 No Content\r\nContent-Length: 0", "204, empty, keeps"),
        Case("HTTP/1.1 204 No Content\r\nConnection: close", "204, empty, closes"),
        Case("HTTP/1.1 100 Continue", "100, empty, keeps, interim"),
        Case("HTTP/1.1 103 Early Hints\r\nLink: x", "103, empty, keeps, interim"),
        Case("HTTP/1.1 205 Reset\r\nContent-Length: 0", "205, length(0), keeps"),
        // Nothing is HTTP any more.
        Case("HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nConnection: upgrade", "101, tunnel, closes"),
        Case("HTTP/1.1 200 OK", to: .connect, "200, tunnel, closes"),
        Case("HTTP/1.1 299 OK\r\nContent-Length: 5", to: .connect, "299, tunnel, closes"),
        Case("HTTP/1.1 403 No\r\nContent-Length: 5", to: .connect, "403, length(5), keeps"),
        Case("HTTP/1.1 403 No", to: .connect, "403, untilClose, closes"),
    ]

    @Test("where an answer ends", arguments: cases)
    func framing(_ example: Case) {
        #expect(Walk.log(example.head + "\r\n\r\n", answering: example.method).first == example.log)
    }

    static let ambiguous: [SmugglingTests.Case] = [
        SmugglingTests.Case(.lengthAndEncoding, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked"),
        SmugglingTests.Case(.severalLengths, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5"),
        SmugglingTests.Case(.malformedLength, "HTTP/1.1 200 OK\r\nContent-Length: five"),
        SmugglingTests.Case(.unknownEncoding, "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked"),
        SmugglingTests.Case(.encodingInOldVersion, "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked"),
        SmugglingTests.Case(.impossibleBody, "HTTP/1.1 204 No\r\nContent-Length: 5"),
        SmugglingTests.Case(.impossibleBody, "HTTP/1.1 204 No\r\nTransfer-Encoding: chunked"),
        SmugglingTests.Case(.impossibleBody, "HTTP/1.1 100 Continue\r\nContent-Length: 5"),
        SmugglingTests.Case(.malformedStatusLine, "HTTP/1.1"), SmugglingTests.Case(.malformedStatusLine, "HTTP/1.1 20"),
        SmugglingTests.Case(.malformedStatusLine, "HTTP/1.1 2000 OK"),
        SmugglingTests.Case(.malformedStatusLine, "HTTP/1.1  200 OK"),
        SmugglingTests.Case(.malformedStatusLine, "HTTP/1.1 2x0 OK"),
        SmugglingTests.Case(.malformedStatusLine, "HTTP/1.1 099 OK"),
        SmugglingTests.Case(.malformedStatusLine, "HTTP/1.1\t200 OK"),
        SmugglingTests.Case(.malformedStatusLine, "GET / HTTP/1.1"),
        SmugglingTests.Case(.unknownVersion, "HTTP/2.0 200 OK"),
        SmugglingTests.Case(.unknownVersion, "http/1.1 200 OK"),
        SmugglingTests.Case(.emptyLineFirst, "\r\nHTTP/1.1 200 OK"),
        SmugglingTests.Case(.foldedLine, "HTTP/1.1 200 OK\r\nX: a\r\n b"),
        SmugglingTests.Case(.bareLineFeed, "HTTP/1.1 200 OK\nX: a"),
    ]

    @Test("an answer whose end is not certain is not read", arguments: ambiguous)
    func ambiguity(_ example: SmugglingTests.Case) {
        for method in [MethodKind.ordinary, .head] {
            #expect(Walk.log(example.text + "\r\n\r\n", answering: method) == [example.ambiguity.description])
        }
    }

    @Test("interim answers, an answer, and the next one")
    func several() {
        let text =
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
            + "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\nHTTP/1.1 204 No\r\n\r\n"
        #expect(
            Walk.log(text, answering: .ordinary) == [
                "100, empty, keeps, interim", "+0", "103, empty, keeps, interim", "+0", "200, length(2), keeps", "+2",
                "200, chunked, keeps", "+12", "204, empty, keeps", "+0",
            ])
    }
}
