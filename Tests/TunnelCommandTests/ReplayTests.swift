import FaultBench
import Foundation
import Kubernetes
import PluginConsole
import PluginSession
import Synchronization
import Testing

@testable import Tunnel
@testable import kubectl_tunnel

/// Recorded requests that are sent again.
@Suite(.timeLimit(.minutes(1))) struct ReplayTests {
    /// What a server has got.
    private final class Inbox: Sendable {
        private let texts = Mutex<[String]>([])

        func add(_ text: String) { self.texts.withLock { $0.append(text) } }
        var all: [String] { self.texts.withLock { $0 } }
    }

    /// Answers each request with the status that its path names; a body has to end with `end`.
    private static func server(_ inbox: Inbox) throws -> RawServer {
        try RawServer { socket in
            defer { socket.close() }
            var text = ""
            while !text.hasSuffix("end"), !text.hasSuffix("\r\n\r\n") || text.contains("Content-Length") {
                let bytes = try socket.receive()
                guard !bytes.isEmpty else { return }
                text += String(decoding: bytes, as: UTF8.self)
            }
            inbox.add(text)
            let status = text.split(separator: " ")[1].dropFirst().prefix(3)
            if status == "cut" { return }
            try socket.send("HTTP/1.1 \(status) X\r\nContent-Length: 2\r\n\r\nok")
        }
    }

    /// A recording of these requests and statuses, which went to a port.
    private static func document(_ requests: [(text: String, status: Int)], port: Int) throws -> HARDocument {
        let entries = try requests.enumerated().map { index, request in
            HAREntry(
                request: try RequestRowTests.request(
                    request.text, answer: "HTTP/1.1 \(request.status) X\r\nContent-Length: 0\r\n\r\n"),
                connection: ObservedConnection(
                    route: "web:80", caller: "", target: LocalTarget(host: "127.0.0.1", port: port)),
                // Behind each other in time, but not in the file.
                date: Date(timeIntervalSince1970: Double(index)), keepsSecrets: false
            ).json.canonicalText
        }
        let text = #"{"log":{"entries":[\#(entries.reversed().joined(separator: ","))]}}"#
        return try #require(HARDocument(text: text))
    }

    private static let get = "GET /200?a=%C3%BC HTTP/1.1\r\nHost: web.shop\r\nCookie: a=b\r\nX-A: 1\r\nx-a: 2\r\n\r\n"
    private static let post =
        "POST /201 HTTP/1.1\r\nHost: web\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nend\r\n0\r\n\r\n"

    @Test("requests go out in the order in which they began, without what was the old connection's")
    func sends() async throws {
        let inbox = Inbox()
        let server = try Self.server(inbox)
        let document = try Self.document([(Self.get, 200), (Self.post, 404)], port: server.port)
        try await Replay(requests: document.requests, to: nil, name: "a.har").run(Console())
        #expect(
            inbox.all == [
                "GET /200?a=%C3%BC HTTP/1.1\r\nHost: web.shop\r\nX-A: 1\r\nx-a: 2\r\nConnection: close\r\n\r\n",
                "POST /201 HTTP/1.1\r\nHost: web\r\nConnection: close\r\nContent-Length: 3\r\n\r\nend",
            ])
        #expect(document.requests.map(\.isRedacted) == [true, false])
        // Elsewhere than they went.
        let other = Inbox()
        let target = LocalTarget(host: "localhost", port: try Self.server(other).port)
        try await Replay(requests: document.requests, to: target, name: "a.har").run(Console())
        #expect(other.all == inbox.all)
    }

    @Test("one that is not answered, or cannot be sent, is a failure, and the others are sent")
    func unanswered() async throws {
        let inbox = Inbox()
        let server = try Self.server(inbox)
        let cut = "GET /cut HTTP/1.1\r\nHost: web\r\n\r\n"
        let grpc = "POST /a HTTP/1.1\r\nHost: web\r\nContent-Type: application/grpc\r\n\r\n"
        for bad in [cut, grpc] {
            let document = try Self.document([(bad, 200), (Self.get, 200)], port: server.port)
            let before = inbox.all.count
            let failure = await #expect(throws: PluginFailure.self) {
                try await Replay(requests: document.requests, to: nil, name: "a.har").run(Console())
            }
            #expect(failure?.summary == "1 of 2 requests had no answer" && failure?.exitCode == 1)
            #expect(inbox.all.dropFirst(before).last?.hasPrefix("GET /200") == true)
        }
    }

    @Test("nobody listens, and a recording that does not say where its requests went")
    func refused() async throws {
        let port = try closedPort()
        let document = try Self.document([(Self.get, 200)], port: port)
        let refused = await #expect(throws: PluginFailure.self) {
            try await Replay(requests: document.requests, to: nil, name: "a.har").run(Console())
        }
        #expect(
            refused?.summary == "127.0.0.1:\(port) takes no connection (connection refused): 0 of 1 requests answered")
        let foreign = try #require(
            HARDocument(
                text: #"{"log":{"entries":[{"request":{"method":"GET","url":"https://web/a?b#c","headers":[]}}]}}"#))
        #expect(foreign.requests.first?.target == "/a?b" && foreign.requests.first?.host == "web")
        let unknown = await #expect(throws: PluginFailure.self) {
            try await Replay(requests: foreign.requests, to: nil, name: "a.har").run(Console())
        }
        #expect(unknown?.hint == "say it: --to PORT")
    }

    @Test("a request of which not all was recorded is not sent, nor one that asks for a tunnel")
    func obstacles() throws {
        let post: JSONValue = ["text": "ab", "_truncated": true]
        for (method, data) in [("POST", post), ("CONNECT", [:])] {
            let entry: JSONValue = ["request": ["method": .string(method), "url": "http://web/", "postData": data]]
            #expect(RecordedRequest(entry).obstacle != nil)
        }
        let whole: JSONValue = ["request": ["method": "POST", "url": "http://web/", "postData": ["text": "ab"]]]
        #expect(RecordedRequest(whole).obstacle == nil)
    }

    @Test("targets as people write them")
    func targets() {
        #expect(LocalTarget("8080") == LocalTarget(host: "127.0.0.1", port: 8080))
        #expect(LocalTarget("[::1]:80") == LocalTarget(host: "::1", port: 80))
        #expect(LocalTarget("localhost:80")?.text == "localhost:80" && LocalTarget("[::1]:80")?.text == "[::1]:80")
        for text in ["", "a", "0", "65536", ":80", "::1:80", "a:b", "a:"] {
            #expect(LocalTarget(text) == nil, "\(text)")
        }
    }

    @Test("a file that would not be sent as it stands there is not sent")
    func hostile() throws {
        func obstacle(_ method: String, _ target: String, _ header: String) -> String? {
            let entry: JSONValue = [
                "request": [
                    "method": .string(method), "url": "http://web/", "_target": .string(target),
                    "headers": [["name": .string(header), "value": "1"]],
                ]
            ]
            return RecordedRequest(entry).obstacle
        }
        #expect(obstacle("GET", "/", "X-A") == nil)
        for (method, target, header) in [
            ("GET /\r\n", "/", "a"), ("GET", "/ HTTP/1.1\r\nX: y", "a"), ("GET", "/", "a:b"), ("GET", "/", "a\nb"),
            ("", "/", "a"),
        ] { #expect(obstacle(method, target, header) != nil) }
        #expect(RecordedRequest([:]).obstacle != nil && RecordedRequest("a").obstacle != nil)
    }

    @Test("whoever records may be killed at any byte: what was whole before is read")
    func killed() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("replay-\(UUID())").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let path = "\(folder)/a.har"
        let file = try HARFile(Recording(path: path, keepsSecrets: false), creator: "test", version: "1")
        let entry = #"{"request":{"method":"GET","url":"http://web/","headers":[]}}"#
        try file.append(entry)
        let before = try Data(contentsOf: URL(fileURLWithPath: path))
        try file.append(entry)
        let after = try Data(contentsOf: URL(fileURLWithPath: path))
        #expect(try HARDocument(path: path).requests.count == 2)
        // First what is behind the brackets grows, then these change.
        let grown = before + after.dropFirst(before.count)
        for count in before.count...grown.count {
            let document = HARDocument(text: String(decoding: grown.prefix(count), as: UTF8.self))
            #expect(document?.requests.count == 1, "\(count)")
        }
        #expect(after.count == grown.count && zip(after, grown).filter { $0 != $1 }.count == 3)
        #expect(HARDocument(text: "") == nil && HARDocument(text: "{}") == nil)
    }

    @Test("what waits to be written is bounded, and what does not wait is counted")
    func queue() {
        var queue = LogQueue()
        let size = LogQueue.maximumByteCount / 4
        func take(_ size: Int) -> Bool { queue.take(size) }
        func written(_ size: Int) -> Int { queue.written(size) }
        let waits = [take(size), take(size), take(size), take(size), take(size), take(size)]
        #expect(waits == [true, true, true, true, false, false])
        let first = written(size)
        #expect(first == 2)
        let rest = [written(size), written(size), written(size)]
        #expect(rest == [0, 0, 0] && queue == LogQueue())
        // One that is larger than all may be.
        let alone = [take(5 * size), take(1)]
        let dropped = written(5 * size)
        #expect(alone == [true, false] && dropped == 1)
        for _ in 0..<LogQueue.maximumCount where !take(1) { Issue.record("too few wait") }
        let more = take(1)
        #expect(!more)
    }

    @Test("the log records what the tunnel tells it, and finishes with all of it written")
    func log() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("log-\(UUID())").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let path = "\(folder)/a.har"
        let log = try RequestLog(
            shows: false, recording: Recording(path: path, keepsSecrets: false),
            report: SessionReport(console: Console(), isJSON: true, isVerbose: false))
        let connection = ObservedConnection(route: "web:80", caller: "", target: LocalTarget(host: "::1", port: 1))
        let request = try RequestRowTests.request(Self.get)
        for _ in 0..<200 { log?.observation.report(.request(request), connection) }
        await log?.finish()
        #expect(try HARDocument(path: path).requests.count == 200)
        #expect(try HARDocument(path: path).requests.first?.local == LocalTarget(host: "::1", port: 1))
    }
}
