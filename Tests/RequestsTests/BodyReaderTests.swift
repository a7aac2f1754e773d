import Testing

@testable import Requests

@Suite struct BodyReaderTests {
    private static func read(_ reader: inout BodyReader, _ text: String) -> BodyReading {
        Array(text.utf8).withUnsafeBytes { reader.read($0) }
    }

    @Test("a length is counted, and nothing behind it is taken")
    func length() {
        var reader = BodyReader(.length(5))
        #expect(Self.read(&reader, "") == .all)
        #expect(Self.read(&reader, "hel") == .all)
        #expect(Self.read(&reader, "loGET") == .end(byteCount: 2))
        #expect(Self.read(&reader, "GET") == .end(byteCount: 0))
        var exact = BodyReader(.length(3))
        #expect(Self.read(&exact, "hel") == .end(byteCount: 3))
        var endless = BodyReader(.length(.max))
        #expect(Self.read(&endless, "hel") == .all)
        var none = BodyReader(.empty)
        #expect(Self.read(&none, "GET") == .end(byteCount: 0))
        var negative = BodyReader(.length(-1))
        #expect(Self.read(&negative, "GET") == .end(byteCount: 0))
    }

    @Test(
        "what ends with the connection, or is not HTTP any more, has no end",
        arguments: [BodyFraming.untilClose, .tunnel])
    func endless(_ framing: BodyFraming) {
        var reader = BodyReader(framing)
        #expect(Self.read(&reader, "") == .all)
        #expect(Self.read(&reader, "0\r\n\r\n") == .all)
    }

    @Test("chunks, extensions and trailers belong to the message")
    func chunked() {
        let bodies = [
            "0\r\n\r\n", "000\r\n\r\n", "5\r\nhello\r\n0\r\n\r\n", "A\r\n0\r\n\r\n0\r\n\r\n\r\n0\r\n\r\n",
            "5;a;b=c;d=\"e \u{e9};\"\r\nhello\r\n0;x\r\n\r\n", "0\r\nX-Sum: 1\r\nX-Empty:\r\nY:\t\r\n\r\n",
            "0000000000000005\r\nhello\r\n0\r\n\r\n", "1;" + String(repeating: "a", count: 254) + "\r\nx\r\n0\r\n\r\n",
            "0\r\n" + String(repeating: "a:\r\n", count: 16_383) + "\r\n",
        ]
        for body in bodies {
            var reader = BodyReader(.chunked)
            #expect(Self.read(&reader, body + "0\r\n\r\n") == .end(byteCount: body.utf8.count), "\(body)")
            #expect(Self.read(&reader, "0\r\n\r\n") == .end(byteCount: 0))
        }
    }

    @Test("the largest chunk is counted, not held")
    func large() {
        var reader = BodyReader(.chunked)
        #expect(Self.read(&reader, "7fffffffffffffff\r\nhello") == .all)
        #expect(Self.read(&reader, "0\r\n\r\n") == .all)
    }

    @Test("what was ambiguous once stays so")
    func sticky() {
        var reader = BodyReader(.chunked)
        #expect(Self.read(&reader, "5\r\nhello\r\n") == .all)
        #expect(Self.read(&reader, "x") == .ambiguous(.malformedChunkSize))
        #expect(Self.read(&reader, "0\r\n\r\n") == .ambiguous(.malformedChunkSize))
        #expect(Self.read(&reader, "") == .ambiguous(.malformedChunkSize))
    }
}
