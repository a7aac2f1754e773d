import NIOCore
import Testing

@testable import Tunnel

@Suite("Exchanges of HTTP/1 that are followed")
struct HTTP1ExchangeTests {
    private static let request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

    /// Bytes of the caller, or of the server.
    enum Step {
        case caller(String)
        case server(String)
    }

    /// Where a connection stands after these bytes, which come in pieces of this size, and what the caller got.
    private static func follow(
        _ steps: [Step], size: Int = 1000, isFresh: Bool = true
    ) -> (standing: HTTP1Exchange.Standing, got: String) {
        var exchange = HTTP1Exchange(isFresh: isFresh)
        var got = ByteBuffer()
        // Nobody knows what was before.
        var isAnswered = !isFresh
        for step in steps {
            switch step {
            case .caller(let text):
                for piece in Self.pieces(text, size) {
                    exchange.callerSent(piece, isAnswered: isAnswered)
                    isAnswered = false
                }
            case .server(let text):
                isAnswered = true
                for piece in Self.pieces(text, size) { got.writeImmutableBuffer(exchange.serverSent(piece)) }
            }
        }
        return (exchange.standing, String(buffer: got))
    }

    private static func pieces(_ text: String, _ size: Int) -> [ByteBuffer] {
        let bytes = Array(text.utf8)
        return stride(from: 0, to: bytes.count, by: size).map {
            ByteBuffer(bytes: bytes[$0..<min($0 + size, bytes.count)])
        }
    }

    /// Answers, and where in their bytes the caller is told that it is the last.
    static let answers: [(request: String, answer: String)] = [
        (request, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n|\r\nhello"),
        (request, "HTTP/1.1 200\r\n|\r\n".replacing("|", with: "Content-Length: 0\r\n|")),
        (request, "HTTP/1.1 204 No Content\r\n|\r\n"), (request, "HTTP/1.1 304 X\r\nContent-Length: 500\r\n|\r\n"),
        ("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n|\r\n"),
        ("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n|\r\nx"),
        (
            request,
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n|\r\n5;x=y\r\n0\r\n\r\n\r\nA\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n"
        ),
        (
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody",
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n|\r\nx"
        ),
    ]

    @Test("an answer says that it is the last, and ends with its last byte, however it is cut", arguments: answers)
    func complete(request: String, answer: String) {
        let plain = answer.replacing("|", with: "")
        let told = answer.replacing("|", with: "Connection: close\r\n")
        for size in [1, 2, 3, 7, 1000] {
            #expect(Self.follow([.caller(request), .server(plain)], size: size) == (.closing, told))
            let short = String(decoding: Array(plain.utf8).dropLast(), as: UTF8.self)
            #expect(Self.follow([.caller(request), .server(short)], size: size).standing == .answering)
            // What comes behind it, from either side, is nothing.
            let more: [Step] = [.caller(request), .server(plain), .caller(request), .server(plain)]
            #expect(Self.follow(more, size: size) == (.closing, told))
        }
    }

    @Test(
        "an answer behind which the caller asks no more is passed on as it is",
        arguments: [
            (request, "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello"),
            (request, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello"),
            ("GET / HTTP/1.0\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"),
            ("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "HTTP/1.1 204 OK\r\n\r\n"),
        ])
    func ended(request: String, answer: String) {
        for size in [1, 1000] {
            #expect(Self.follow([.caller(request), .server(answer)], size: size) == (.answered, answer))
        }
    }

    @Test(
        "what is not understood is followed no further, and every byte of it passed on",
        arguments: [
            "HTTP/1.1 101 Switching Protocols\r\n\r\nabc", "HTTP/1.1 200 OK\r\n\r\nabc", "HTTP/1.1 200\nA: b\n\n",
            "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nhello\r\n", "HTTP/2 200\r\n\r\n", "SSH-2.0-x\r\n",
            "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\nmore",
            "HTTP/1.1 200 OK\r\nX: \(String(repeating: "x", count: 70_000))\r\n", "220", "HTTP2",
            "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
        ])
    func unknown(answer: String) {
        for size in [1, 3, 1000] {
            let steps: [Step] = [.caller(Self.request), .server(answer)]
            var (standing, got) = Self.follow(steps, size: size)
            #expect(standing == .unknown)
            // Chunks that are none come behind a head that was one.
            got = got.replacing("Connection: close\r\n", with: "")
            #expect(got == answer.replacing("Connection: close\r\n", with: ""))
            let next: [Step] = [.caller(Self.request), .server("HTTP/1.1 204 No Content\r\n\r\n")]
            (standing, got) = Self.follow(steps + next, size: size)
            #expect(standing == .unknown && got.hasSuffix("HTTP/1.1 204 No Content\r\n\r\n"))
        }
    }

    @Test("in the middle of whatever was before, an exchange shows that there are some, and the next is told")
    func begin() {
        let answer = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
        let told = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello"
        let one: [Step] = [.caller(Self.request), .server(answer)]
        let before: [Step] = [.server("rest of an answer"), .caller("rest\r\n of a body"), .server(answer)]
        func follow(_ steps: [Step]) -> (HTTP1Exchange.Standing, String) { Self.follow(steps, isFresh: false) }
        for (start, passed) in [([], ""), (before, "rest of an answer" + answer)] {
            #expect(follow(start + one) == (.answered, passed + answer))
            #expect(follow(start + one + one) == (.closing, passed + answer + told))
            #expect(follow(start + one + [.caller("no request")]) == (.answering, passed + answer))
            #expect(follow(start + one + [.caller("no request\r\n")]) == (.unknown, passed + answer))
            // Still the answer to something before; behind it there may be one.
            let other: [Step] = [.caller(Self.request), .server("llo")]
            #expect(follow(start + other) == (.unknown, passed + "llo"))
            #expect(follow(start + other + one) == (.answered, passed + "llo" + answer))
            // No request begins while one is not answered.
            #expect(follow(start + [.caller("x")] + one) == (.unknown, passed + answer))
        }
    }

    @Test("a request that comes before the answer has ended, or an answer before its request, is not followed")
    func pipelined() {
        let (head, body) = ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n", "\r\nhello")
        let answer = head + body
        let two: [Step] = [.caller(Self.request + Self.request), .server(answer + answer)]
        #expect(Self.follow(two) == (.unknown, answer + answer))
        let ahead: [Step] = [.caller(Self.request), .server(head), .caller(Self.request), .server(body + answer)]
        #expect(Self.follow(ahead) == (.unknown, answer + answer))
        let early: [Step] = [.caller("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbo"), .server(answer)]
        #expect(Self.follow(early) == (.unknown, answer))
        #expect(Self.follow([.caller("GET /"), .server(answer)]) == (.unknown, answer))
        #expect(Self.follow([.server("220 ready\r\n"), .caller(Self.request)]) == (.unknown, "220 ready\r\n"))
        #expect(Self.follow([.caller("CONNECT x HTTP/1.1\r\nHost: x\r\n\r\n"), .server(answer)]).standing == .unknown)
    }

    @Test("of a head that is cut off nothing is lost")
    func rest() {
        var exchange = HTTP1Exchange(isFresh: true)
        exchange.callerSent(ByteBuffer(string: Self.request), isAnswered: false)
        #expect(exchange.serverSent(ByteBuffer(string: "HTTP/1.1 20")).readableBytes == 0)
        #expect(String(buffer: exchange.takeRest()) == "HTTP/1.1 20")
        #expect(exchange.takeRest().readableBytes == 0)
    }
}
