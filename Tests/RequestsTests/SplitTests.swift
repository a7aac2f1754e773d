import Testing

@testable import Requests

/// In how many pieces bytes come changes nothing.
@Suite struct SplitTests {
    static let requests: [String] = [
        "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n\r\n\r\nGET / HTTP/1.0\r\n\r\n",
        "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\n\r\n0\r\na\r\n\r\n\r\n\r\n\r\n\r\n0\r\nT: 1\r\n\r\nGET",
        "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nX: y\r\n\r\nHEAD / HTTP/1.1\r\nHost:\r\n\r\n",
        // Several things are wrong: the first is told.
        "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 5\r\nX: \u{0}\r\n\r\n",
        "GET /\r\n \n\r\n\r\n",
    ]

    static let responses: [String] = [
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\nHTTP/1.1 304 X\r\n\r\n",
        "HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nhiHTTP/1.1 200 OK\r\n\r\nall the rest",
    ]

    /// Everything that the tests of single messages read; `method` is `nil` for a caller's bytes.
    static var corpus: [(bytes: [UInt8], method: MethodKind?)] {
        let chunkHead = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        let smuggled =
            (SmugglingTests.lengths + SmugglingTests.encodings + SmugglingTests.lines).map(\.text)
            + SmugglingTests.chunks.map { chunkHead + $0.text }
        let answers =
            ResponseHeadTests.cases.map { $0.head + "\r\n\r\nhello" }
            + ResponseHeadTests.ambiguous.map { $0.text + "\r\n\r\n" }
        let all =
            (Self.requests + smuggled).map { (Array($0.utf8), nil as MethodKind?) }
            + (Self.responses + answers).map { (Array($0.utf8), .ordinary) }
        // Long ones are long for a limit, which has tests of its own.
        return all.filter { $0.0.count < 1_000 }
    }

    @Test("two pieces, and single bytes, give what one piece gives")
    func split() {
        let corpus = Self.corpus
        #expect(corpus.count > 150)
        for (bytes, method) in corpus {
            let whole = Walk.log([bytes], answering: method)
            for cut in 1..<bytes.count {
                let pieces = [Array(bytes.prefix(cut)), Array(bytes.dropFirst(cut))]
                let log = Walk.log(pieces, answering: method)
                #expect(log == whole, "cut at \(cut): \(String(decoding: bytes, as: UTF8.self).debugDescription)")
            }
            let log = Walk.log(bytes.map { [$0] }, answering: method)
            #expect(log == whole, "byte by byte: \(String(decoding: bytes, as: UTF8.self).debugDescription)")
        }
    }

    @Test("an ambiguity is told with the first byte that makes it one")
    func early() {
        for example in SmugglingTests.lines {
            let bytes = Array(example.text.utf8)
            let first = (0...bytes.count).first { !Walk.log([Array(bytes.prefix($0))]).isEmpty }
            guard let first else {
                Issue.record("nothing was told of \(example.text.debugDescription)")
                continue
            }
            #expect(Walk.log([Array(bytes.prefix(first))]) == [example.ambiguity.description])
        }
    }
}
