import NIOCore
import Testing

@testable import Tunnel

@Suite("Ends of HTTP/1 answers")
struct HTTP1ExchangeTests {
    private static let request = "GET / HTTP/1.1\r\n\r\n"

    /// Where a connection stands after these bytes, which come in pieces of this size.
    private static func standing(_ steps: [(String, String)], size: Int) -> HTTP1Exchange.Standing {
        var exchange = HTTP1Exchange()
        for (who, text) in steps {
            let bytes = Array(text.utf8)
            if who == "caller" {
                exchange.callerSent(ByteBuffer(bytes: bytes))
            } else {
                for start in stride(from: 0, to: bytes.count, by: size) {
                    exchange.serverSent(ByteBuffer(bytes: bytes[start..<min(start + size, bytes.count)]))
                }
            }
        }
        return exchange.standing
    }

    static let answers: [(request: String, answer: String)] = [
        (request, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"),
        (request, "HTTP/1.0 200 OK\r\ncontent-length:0\r\n\r\n"),
        (request, "HTTP/1.1 200\nContent-Length: 2\n\nok"),
        (request, "HTTP/1.1 204 No Content\r\n\r\n"),
        (request, "HTTP/1.1 304 Not Modified\r\nContent-Length: 500\r\n\r\n"),
        ("HEAD / HTTP/1.1\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n"),
        (
            request,
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n5;x=y\r\n0\r\n\r\n\r\nA\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n"
        ),
        (
            "POST / HTTP/1.1\r\n\r\nbody",
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx"
        ),
    ]

    @Test("an answer ends with its last byte and not before, however it is cut", arguments: answers)
    func complete(request: String, answer: String) {
        for size in [1, 2, 3, 7, 1000] {
            #expect(Self.standing([("caller", request), ("server", answer)], size: size) == .answered)
            let short = String(decoding: Array(answer.utf8).dropLast(), as: UTF8.self)
            #expect(Self.standing([("caller", request), ("server", short)], size: size) == .answering)
            let next = [("caller", request), ("server", answer), ("caller", request)]
            #expect(Self.standing(next, size: size) == .answering)
            #expect(Self.standing(next + [("server", answer)], size: size) == .answered)
        }
    }

    @Test(
        "what is not understood is followed no further",
        arguments: [
            "HTTP/1.1 101 Switching Protocols\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nhello\r\n", "HTTP/2 200\r\n\r\n", "SSH-2.0-x\r\n",
            "HTTP/1.1 204 No Content\r\n\r\nmore", "HTTP/1.1 200 OK\r\nX: \(String(repeating: "x", count: 20_000))\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7fffffffffffffff\r\n",
        ])
    func unknown(answer: String) {
        for size in [1, 3, 1000] {
            let steps = [("caller", Self.request), ("server", answer)]
            #expect(Self.standing(steps, size: size) == .unknown)
            // An end that is behind it is none.
            let next = [("caller", Self.request), ("server", "HTTP/1.1 204 No Content\r\n\r\n")]
            #expect(Self.standing(steps + next, size: size) == .unknown)
        }
    }

    @Test("it begins with a request and its answer, in the middle of whatever was before")
    func begin() {
        let answer = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
        let before = [("server", "rest of an answer"), ("caller", "rest of a body"), ("server", answer)]
        #expect(Self.standing(before, size: 1000) == .unknown)
        #expect(Self.standing(before + [("caller", Self.request), ("server", answer)], size: 1000) == .answered)
        // Still the answer to something before.
        #expect(Self.standing(before + [("caller", Self.request), ("server", "llo")], size: 1000) == .answering)
        #expect(Self.standing(before + [("caller", Self.request), ("server", "llo\r\n")], size: 1000) == .unknown)
    }

    @Test("a request that comes before the answer has ended makes its end none")
    func pipelined() {
        let half = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe"
        let steps = [("caller", Self.request), ("server", half), ("caller", Self.request), ("server", "llo")]
        #expect(Self.standing(steps, size: 1000) == .unknown)
        #expect(
            Self.standing([("caller", "CONNECT x HTTP/1.1\r\n\r\n"), ("server", half + "llo")], size: 9) == .unknown)
    }
}
