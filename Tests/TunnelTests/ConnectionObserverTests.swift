import NIOCore
import Testing

@testable import Tunnel

/// What is seen of requests in the bytes of a connection.
@Suite struct ConnectionObserverTests {
    /// What happens on a connection, in its order.
    enum Step: Sendable {
        case caller(String)
        case server(String)
        case end(ObservedRequest.End)
    }

    /// A connection, and what is to be seen of it.
    struct Exchange: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let steps: [Step]
        let seen: [String]

        init(_ name: String, _ steps: [Step], _ seen: [String]) {
            (self.testDescription, self.steps, self.seen) = (name, steps, seen)
        }
    }

    static let get = "GET /a?b=c HTTP/1.1\r\nHost: web\r\n\r\n"
    static let ok = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
    static let chunked = "Transfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nX-Sum: 1\r\n\r\n"
    static let exchanges = [
        Exchange("one", [.caller(get), .server(ok)], ["GET /a?b=c 200 whole 0/5"]),
        Exchange(
            "two, one behind the other",
            [
                .caller(get), .server(ok), .caller("DELETE /b HTTP/1.1\r\nHost: web\r\n\r\n"),
                .server("HTTP/1.1 204 No Content\r\n\r\n"), .end(.closed),
            ],
            ["GET /a?b=c 200 whole 0/5", "DELETE /b 204 whole 0/0"]),
        Exchange(
            "bodies with lengths",
            [.caller("POST /p HTTP/1.1\r\nHost: web\r\nContent-Length: 3\r\n\r\nabc"), .server(ok)],
            ["POST /p 200 whole 3/5"]),
        Exchange(
            "bodies in chunks",
            [.caller("PUT /p HTTP/1.1\r\nHost: web\r\n\(chunked)"), .server("HTTP/1.1 201 Created\r\n\(chunked)")],
            ["PUT /p 201 whole 5/5"]),
        Exchange(
            "HEAD has no body",
            [
                .caller("HEAD / HTTP/1.1\r\nHost: web\r\n\r\n"),
                .server("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"),
                .caller(get), .server("HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n"),
            ],
            ["HEAD / 200 whole 0/0", "GET /a?b=c 304 whole 0/0"]),
        Exchange(
            "interim answers",
            [
                .caller("POST /p HTTP/1.1\r\nHost: web\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"),
                .server("HTTP/1.1 100 Continue\r\n\r\n"), .caller("ab"),
                .server("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"), .server(ok), .caller(get), .server(ok),
            ],
            ["POST /p 200 whole 2/5", "GET /a?b=c 200 whole 0/5"]),
        Exchange(
            "sent ahead",
            [
                .caller(get + "HEAD /b HTTP/1.1\r\nHost: web\r\n\r\n" + get),
                .server(ok + "HTTP/1.1 404 No\r\nContent-Length: 7\r\n\r\n" + ok),
            ],
            ["GET /a?b=c 200 whole 0/5", "HEAD /b 404 whole 0/0", "GET /a?b=c 200 whole 0/5"]),
        Exchange(
            "until the connection ends", [.caller(get), .server("HTTP/1.0 200 OK\r\n\r\nabc"), .end(.closed)],
            ["GET /a?b=c 200 whole 0/3"]),
        Exchange(
            "an answer that lasts until then is cut by a reset",
            [.caller(get), .server("HTTP/1.0 200 OK\r\n\r\nabc"), .end(.reset)], ["GET /a?b=c 200 reset 0/3"]),
        Exchange(
            "a WebSocket is a line when it begins",
            [
                .caller("GET /ws HTTP/1.1\r\nHost: web\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"),
                .server("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"), .caller("\u{1}\u{2}"),
                .server("GET / nonsense"), .end(.gone),
            ],
            ["GET /ws 101 whole 0/0"]),
        Exchange(
            "CONNECT",
            [.caller("CONNECT db:1 HTTP/1.1\r\nHost: db:1\r\n\r\n"), .server("HTTP/1.1 200 OK\r\n\r\n"), .server("x")],
            ["CONNECT db:1 200 whole 0/0"]),
        Exchange("no answer, and an end", [.caller(get), .end(.closed)], ["GET /a?b=c - closed 0/0"]),
        Exchange("no answer, and a reset", [.caller(get), .end(.reset)], ["GET /a?b=c - reset 0/0"]),
        Exchange("a caller that goes", [.caller(get), .end(.gone)], ["GET /a?b=c - gone 0/0"]),
        Exchange(
            "in the middle of an answer, and what waits behind",
            [.caller(get + get), .server("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"), .end(.reset)],
            ["GET /a?b=c 200 reset 0/3", "GET /a?b=c - reset 0/0"]),
        Exchange(
            "in the middle of a head", [.caller(get), .server("HTTP/1.1 200 OK\r\nX-"), .end(.closed)],
            ["GET /a?b=c - closed 0/0"]),
        Exchange("half a request is none", [.caller("GET /a HTTP/1.1\r\nHo"), .end(.gone)], []),
        Exchange(
            "an answer before all of the request",
            [
                .caller("POST /p HTTP/1.1\r\nHost: web\r\nContent-Length: 4\r\n\r\nab"), .server(ok),
                .caller("cd" + get), .server(ok),
            ],
            ["POST /p 200 whole 2/5", "GET /a?b=c 200 whole 0/5"]),
        Exchange(
            "a body that was not wanted: what follows nobody could tell",
            [
                .caller("POST /p HTTP/1.1\r\nHost: web\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"),
                .server("HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n"), .caller(get), .server(ok),
            ],
            ["POST /p 401 whole 0/0"]),
        Exchange(
            "an idle connection is said to be ended",
            [.caller(get), .server(ok), .server("HTTP/1.1 408 Request Timeout\r\n\r\n"), .end(.closed)],
            ["GET /a?b=c 200 whole 0/5"]),
        Exchange(
            "a slow request is not waited for",
            [.caller("GET /a HT"), .server("HTTP/1.1 408 Request Timeout\r\n\r\n")], []),
        Exchange(
            "targets in ASCII", [.caller("GET /ü HTTP/1.1\r\nHost: web\r\n\r\n"), .server(ok)],
            ["GET /%C3%BC 200 whole 0/5"]),
        Exchange("TLS", [.caller("\u{16}\u{3}\u{1}abc"), .server("abc"), .end(.closed)], ["TLS"]),
        Exchange("a server that speaks first", [.server("220 mail\r\n"), .caller("EHLO a\r\n")], ["no HTTP"]),
        Exchange("words of another protocol", [.caller("EHLO a\r\n"), .server("250\r\n")], ["no HTTP"]),
        Exchange("no words", [.caller("\u{0}abcdef"), .server("abc")], ["no HTTP"]),
        Exchange(
            "an answer without a certain end",
            [
                .caller(get), .server("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"),
                .end(.closed),
            ],
            ["HTTP in which it is not certain where an answer ends"]),
        Exchange(
            "a request without a certain end",
            [.caller(get), .server(ok), .caller("GET / HTTP/1.1\nHost: web\n\n"), .end(.closed)],
            ["GET /a?b=c 200 whole 0/5", "HTTP in which it is not certain where a request ends (an LF without CR)"]),
        Exchange("nothing", [.end(.closed)], []),
    ]

    static func text(_ event: ObservedEvent) -> String {
        switch event {
        case .request(let request):
            "\(request.method) \(request.target) \(request.status.map(String.init) ?? "-") \(request.end) "
                + "\(request.requestByteCount)/\(request.answerByteCount)"
        case .notRead(let name): name
        }
    }

    static func seen(_ steps: [Step], pieces: Int, keepsContent: Bool = false) -> [ObservedEvent] {
        var observer = ConnectionObserver(keepsContent: keepsContent)
        var (events, now) = ([ObservedEvent](), Duration.zero)
        for step in steps {
            switch step {
            case .caller(let text):
                for piece in Self.cut(text, pieces) {
                    now += .milliseconds(1)
                    events += observer.callerSent(piece, at: now)
                }
            case .server(let text):
                for piece in Self.cut(text, pieces) {
                    now += .milliseconds(1)
                    events += observer.serverSent(piece, at: now)
                }
            case .end(let end): events += observer.ended(end, at: now)
            }
        }
        return events
    }

    private static func cut(_ text: String, _ count: Int) -> [ByteBuffer] {
        let bytes = Array(text.utf8)
        return stride(from: 0, to: bytes.count, by: count).map {
            ByteBuffer(bytes: bytes[$0..<min($0 + count, bytes.count)])
        }
    }

    @Test("the same is seen in pieces of every size", arguments: exchanges)
    func pieces(_ exchange: Exchange) {
        for size in Array(1...16) + [31, 64, 4096] {
            let seen = Self.seen(exchange.steps, pieces: size, keepsContent: size.isMultiple(of: 2)).map(Self.text)
            #expect(seen == exchange.seen, "pieces of \(size)")
        }
    }

    @Test("both directions side by side: answers come while the next requests do")
    func interleaved() {
        let (requests, answers) = (
            Array(String(repeating: Self.get, count: 5).utf8), Array(String(repeating: Self.ok, count: 5).utf8)
        )
        for lead in 1...20 {
            var observer = ConnectionObserver(keepsContent: false)
            var (events, sent, answered) = ([ObservedEvent](), 0, 0)
            while answered < answers.count {
                let step = min(requests.count - sent, lead)
                events += observer.callerSent(ByteBuffer(bytes: requests[sent..<(sent + step)]), at: .zero)
                sent += step
                // An answer needs its request.
                let count = min(sent / Self.get.utf8.count * Self.ok.utf8.count, answered + 7, answers.count)
                if count > answered {
                    events += observer.serverSent(ByteBuffer(bytes: answers[answered..<count]), at: .zero)
                }
                answered = max(answered, count)
            }
            #expect(events.map(Self.text) == [String](repeating: "GET /a?b=c 200 whole 0/5", count: 5), "\(lead)")
        }
    }

    @Test("times are from a request's first byte on, also of one that was sent ahead")
    func times() throws {
        var observer = ConnectionObserver(keepsContent: false)
        func send(_ text: String, _ seconds: Int) -> [ObservedEvent] {
            observer.callerSent(ByteBuffer(string: text), at: .seconds(seconds))
        }
        func answer(_ text: String, _ seconds: Int) -> [ObservedEvent] {
            observer.serverSent(ByteBuffer(string: text), at: .seconds(seconds))
        }
        #expect(
            send("GE", 1).isEmpty && send("T / HTTP/1.1\r\n", 2).isEmpty
                && send("Host: a\r\n\r\n" + Self.get, 3).isEmpty)
        #expect(answer("HTTP/1.1 100 Continue\r\n\r\n", 4).isEmpty && answer("HTTP/1.1 200 OK\r\nCon", 5).isEmpty)
        let events =
            answer("tent-Length: 1\r\n\r\nx" + Self.ok.prefix(10), 7) + answer(String(Self.ok.dropFirst(10)), 9)
        let requests = events.compactMap { if case .request(let request) = $0 { request } else { nil } }
        try #require(requests.count == 2)
        #expect(
            requests[0].sent == .seconds(2) && requests[0].answered == .seconds(4)
                && requests[0].duration == .seconds(6))
        #expect(requests[1].sent == .zero && requests[1].answered == .seconds(4) && requests[1].duration == .seconds(6))
    }

    @Test("heads and contents are kept where that is wanted, without what frames them")
    func contents() throws {
        let steps: [Step] = [
            .caller("PUT /p HTTP/1.1\r\nHost: web\r\nX-A:  1 \r\n\(Self.chunked)"),
            .server("HTTP/1.1 201 Made it\r\n\(Self.chunked)"),
        ]
        for size in [1, 7, 4096] {
            guard case .request(let request)? = Self.seen(steps, pieces: size, keepsContent: true).first else {
                Issue.record("nothing seen")
                return
            }
            #expect(request.request?.content == Array("abcde".utf8) && request.answer?.content == Array("abcde".utf8))
            #expect(request.request?.isWhole == true && request.answer?.isWhole == true)
            #expect(request.answer?.reason == "Made it" && request.answer?.headByteCount == 52)
            #expect(request.request?.value(of: "x-a") == "1")
        }
        guard case .request(let request)? = Self.seen(steps, pieces: 9).first else { return }
        #expect(request.request == nil && request.answer == nil)
    }

    @Test("no more than 1 MiB of a content is kept, and nothing while nothing may be")
    func bounds() throws {
        let piece = ByteBuffer(repeating: 0x61, count: 100_000)
        for (mayKeep, kept) in [(true, ObservedMessage.maximumContent), (false, 0)] {
            var observer = ConnectionObserver(keepsContent: true)
            _ = observer.callerSent(ByteBuffer(string: Self.get), at: .zero)
            _ = observer.serverSent(ByteBuffer(string: "HTTP/1.1 200 OK\r\nContent-Length: 2000000\r\n\r\n"), at: .zero)
            var events: [ObservedEvent] = []
            for _ in 0..<20 {
                events += observer.serverSent(piece, at: .zero, keeps: mayKeep)
                #expect(observer.keptByteCount <= kept)
            }
            guard case .request(let request)? = events.first else {
                Issue.record("nothing seen")
                return
            }
            #expect(request.answerByteCount == 2_000_000 && request.answer?.content.count == kept)
            #expect(request.answer?.isWhole == false && observer.keptByteCount == 0)
        }
    }

    @Test("nothing is held of a connection of which no more can be seen")
    func release() {
        for exchange in Self.exchanges {
            var observer = ConnectionObserver(keepsContent: true)
            for step in exchange.steps {
                switch step {
                case .caller(let text): _ = observer.callerSent(ByteBuffer(string: text), at: .zero)
                case .server(let text): _ = observer.serverSent(ByteBuffer(string: text), at: .zero)
                case .end(let end): _ = observer.ended(end, at: .zero)
                }
            }
            let isLost = exchange.seen.last?.contains(" 101 ") == true || exchange.seen.last?.contains("HTTP") == true
            if isLost { #expect(observer.isOver, "\(exchange.testDescription)") }
            _ = observer.ended(.closed, at: .zero)
            #expect(observer.isOver && observer.keptByteCount == 0, "\(exchange.testDescription)")
        }
    }

    @Test("requests far ahead of their answers are followed no further")
    func ahead() {
        var observer = ConnectionObserver(keepsContent: false)
        for _ in 0..<HTTP1Observer.maximumUnderWay { _ = observer.callerSent(ByteBuffer(string: Self.get), at: .zero) }
        #expect(observer.serverSent(ByteBuffer(string: Self.ok), at: .zero).count == 1)
        _ = observer.callerSent(ByteBuffer(string: Self.get + Self.get), at: .zero)
        #expect(observer.serverSent(ByteBuffer(string: Self.ok), at: .zero).isEmpty)

        let long = "GET /\(String(repeating: "a", count: 60_000)) HTTP/1.1\r\nHost: web\r\n\r\n"
        var other = ConnectionObserver(keepsContent: false)
        for _ in 0..<5 { _ = other.callerSent(ByteBuffer(string: long), at: .zero) }
        #expect(other.serverSent(ByteBuffer(string: Self.ok), at: .zero).isEmpty)
    }
}
