import NIOCore
import NIOHPACK
import Testing

@testable import Tunnel

/// What is seen of requests in the frames of an HTTP/2 connection.
@Suite struct HTTP2ObserverTests {
    /// One end of a connection: its frames, and the table of its blocks.
    struct End {
        var encoder = HPACKEncoder(allocator: ByteBufferAllocator())

        static func frame(_ type: UInt8, flags: UInt8 = 0, stream: UInt32 = 0, _ payload: [UInt8] = []) -> [UInt8] {
            let count = payload.count
            return [UInt8(count >> 16), UInt8(count >> 8 & 255), UInt8(count & 255), type, flags]
                + [UInt8(stream >> 24), UInt8(stream >> 16 & 255), UInt8(stream >> 8 & 255), UInt8(stream & 255)]
                + payload
        }

        static func settings(table: UInt32? = nil) -> [UInt8] {
            Self.frame(
                4,
                table.map { [0, 1, UInt8($0 >> 24), UInt8($0 >> 16 & 255), UInt8($0 >> 8 & 255), UInt8($0 & 255)] }
                    ?? [])
        }

        static let acknowledgement = Self.frame(4, flags: 1)
        static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

        mutating func block(_ fields: [(String, String)]) throws -> [UInt8] {
            var buffer = ByteBuffer()
            try self.encoder.encode(headers: HPACKHeaders(fields), to: &buffer)
            return Array(buffer.readableBytesView)
        }

        mutating func fields(_ stream: UInt32, _ fields: [(String, String)], ends: Bool = false) throws -> [UInt8] {
            Self.frame(1, flags: ends ? 5 : 4, stream: stream, try self.block(fields))
        }

        mutating func get(_ stream: UInt32, _ path: String, ends: Bool = true) throws -> [UInt8] {
            try self.fields(
                stream,
                [(":method", "GET"), (":scheme", "http"), (":path", path), (":authority", "web"), ("x-user", "alice")],
                ends: ends)
        }
    }

    /// What each end says, in its order; pieces of one may come in any size.
    private typealias Step = (isCaller: Bool, bytes: [UInt8])

    private static func seen(_ steps: [Step], _ end: ObservedRequest.End? = nil, pieces: Int = 4096) -> [String] {
        var observer = ConnectionObserver(keepsContent: true)
        var events: [ObservedEvent] = []
        defer { if events.contains(.notRead(HTTP2Observer.lost)) { #expect(observer.isOver) } }
        for step in steps {
            for start in stride(from: 0, to: step.bytes.count, by: pieces) {
                let piece = ByteBuffer(bytes: step.bytes[start..<min(start + pieces, step.bytes.count)])
                events += step.isCaller ? observer.callerSent(piece, at: .zero) : observer.serverSent(piece, at: .zero)
            }
        }
        if let end { events += observer.ended(end, at: .zero) }
        return events.map { event in
            let text = ConnectionObserverTests.text(event)
            guard case .request(let request) = event, let status = request.grpcStatus else { return text }
            return "\(text) grpc \(status)"
        }
    }

    private static func expect(_ steps: [Step], _ end: ObservedRequest.End? = nil, sees expected: [String]) {
        for size in Array(1...12) + [23, 64, 4096] {
            #expect(Self.seen(steps, end, pieces: size) == expected, "pieces of \(size)")
        }
    }

    private static let opening: [Step] = [
        (true, End.preface + End.settings()), (false, End.settings() + End.acknowledgement),
        (true, End.acknowledgement),
    ]

    @Test("streams beside each other, each a line when its answer ends")
    func streams() throws {
        var (caller, server) = (End(), End())
        let requests = try (0..<4).flatMap { try caller.get(UInt32(2 * $0 + 1), "/\($0)") }
        let heads = try [UInt32(5), 1, 7].flatMap { try server.fields($0, [(":status", "200"), ("x-a", "\($0)")]) }
        let answers =
            End.frame(0, flags: 1, stream: 5, [1, 2, 3]) + End.frame(0, stream: 1, [1])
            + End.frame(8, stream: 1, [0, 0, 0, 1])
            + End.frame(0, flags: 9, stream: 1, [2, 9, 9, 0, 0]) + End.frame(0, flags: 1, stream: 7)
            + (try server.fields(3, [(":status", "404")], ends: true))
        Self.expect(
            Self.opening + [(true, requests), (false, heads + answers)],
            sees: ["GET /2 200 whole 0/3", "GET /0 200 whole 0/3", "GET /3 200 whole 0/0", "GET /1 404 whole 0/0"])
    }

    @Test("gRPC: the status is in the trailers, or in an answer that is nothing else; a body both ways")
    func grpc() throws {
        var (caller, server) = (End(), End())
        let call = [(":method", "POST"), (":scheme", "http"), (":path", "/a.B/C"), (":authority", "web")]
        let first =
            try caller.fields(1, call) + End.frame(0, stream: 1, [0, 0, 0, 0, 1, 7]) + End.frame(0, flags: 1, stream: 1)
        let answer =
            try server.fields(1, [(":status", "200"), ("content-type", "application/grpc")])
            + End.frame(0, stream: 1, [UInt8](repeating: 0, count: 9))
            + server.fields(1, [("grpc-status", "5")], ends: true)
        let second = try caller.fields(3, call, ends: true)
        let only = try server.fields(3, [(":status", "200"), ("grpc-status", "0")], ends: true)
        Self.expect(
            Self.opening + [(true, first), (false, answer), (true, second), (false, only)],
            sees: ["POST /a.B/C 200 whole 6/9 grpc 5", "POST /a.B/C 200 whole 0/0 grpc 0"])
    }

    @Test("resets of either side, interim answers, trailers of a request, and what is open at the end")
    func ends() throws {
        var (caller, server) = (End(), End())
        let requests =
            try caller.get(1, "/1") + caller.get(3, "/3") + caller.get(5, "/5", ends: false) + caller.get(7, "/7")
        let more = try caller.fields(5, [("x-sum", "1")], ends: true) + End.frame(3, stream: 1, [0, 0, 0, 8])
        let answers =
            try End.frame(3, stream: 3, [0, 0, 0, 2]) + server.fields(5, [(":status", "103")])
            + server.fields(5, [(":status", "200")], ends: true) + server.fields(7, [(":status", "200")])
        Self.expect(
            Self.opening + [(true, requests + more), (false, answers)], .gone,
            sees: ["GET /1 - gone 0/0", "GET /3 - reset 0/0", "GET /5 200 whole 0/0", "GET /7 200 gone 0/0"])
    }

    @Test("a block in several frames, with padding and a priority; a promise; a server that does not wait")
    func blocks() throws {
        var (caller, server) = (End(), End())
        let block = try caller.block([(":method", "GET"), (":scheme", "http"), (":path", "/a"), (":authority", "w")])
        let first = End.frame(1, flags: 0x29, stream: 1, [2, 0, 0, 0, 0, 16] + block.prefix(3) + [0, 0])
        let request =
            first + End.frame(9, stream: 1, Array(block[3..<5])) + End.frame(9, flags: 4, stream: 1, Array(block[5...]))
        let promise = try End.frame(
            5, flags: 4, stream: 1, [0, 0, 0, 2] + server.block([(":path", "/p"), ("x-b", "c")]))
        // Its fields come from the table that the promise has filled.
        let answer = try server.fields(1, [(":status", "200"), ("x-b", "c")], ends: true)
        Self.expect(
            [(false, End.settings()), (true, End.preface + End.settings() + request), (false, promise + answer)],
            sees: ["GET /a 200 whole 0/0"])
    }

    @Test("the table follows the receiver's settings, from where the sender says that it knows them")
    func table() throws {
        var (caller, server) = (End(), End())
        let long = (0..<40).map { ("x-\($0)", String(repeating: "a", count: 90) + "\($0)") }
        func get(_ stream: UInt32) throws -> [UInt8] {
            try caller.fields(stream, [(":method", "GET"), (":path", "/"), (":scheme", "http")] + long, ends: true)
        }
        func ok(_ stream: UInt32) throws -> [UInt8] { try server.fields(stream, [(":status", "200")], ends: true) }
        // The server allows more than 4 KiB, and then none; what is on its way meanwhile has the old table.
        var steps = Self.opening
        steps += [(false, End.settings(table: 16_384)), (true, try get(1)), (true, End.acknowledgement)]
        try caller.encoder.setDynamicTableSize(16_384)
        steps += [(true, try get(3)), (false, End.settings(table: 0)), (true, try get(5)), (true, End.acknowledgement)]
        try caller.encoder.setDynamicTableSize(0)
        steps += [(true, try get(7)), (false, try ok(1) + ok(3) + ok(5) + ok(7))]
        let line = "GET / 200 whole 0/0"
        #expect(Self.seen(steps) == [line, line, line, line])
    }

    @Test("what is no HTTP/2, or too much of it, is followed no further")
    func lost() throws {
        var caller = End()
        let hello: Step = (true, End.preface + End.settings())
        #expect(Self.seen([hello, (false, Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8))]) == [HTTP2Observer.lost])
        #expect(Self.seen([hello, (true, End.frame(9, flags: 4, stream: 1))]) == [HTTP2Observer.lost])
        #expect(
            Self.seen([hello, (true, End.frame(1, flags: 4, stream: 1, [0xFF, 0xFF, 0xFF]))]) == [HTTP2Observer.lost])
        #expect(Self.seen([hello, (true, End.frame(0, flags: 8, stream: 1, [1]))]) == [HTTP2Observer.lost])
        #expect(Self.seen([hello, (true, [1, 0, 1, 1, 4, 0, 0, 0, 1])]) == [HTTP2Observer.lost])
        let parts = (0..<9).flatMap { End.frame($0 == 0 ? 1 : 9, stream: 1, [UInt8](repeating: 0, count: 8192)) }
        #expect(Self.seen([hello, (true, parts)]) == [HTTP2Observer.lost])
        let many = try (0...UInt32(HTTP2Observer.maximumStreams)).flatMap { try caller.get(2 * $0 + 1, "/") }
        #expect(Self.seen([hello, (true, many)]) == [HTTP2Observer.lost])
    }

    @Test("contents and fields are kept")
    func contents() throws {
        var (caller, server) = (End(), End())
        var observer = ConnectionObserver(keepsContent: true)
        let put = try caller.fields(1, [(":method", "PUT"), (":path", "/"), (":authority", "web"), ("x-a", "1")])
        _ = observer.callerSent(
            ByteBuffer(bytes: End.preface + End.settings() + put + End.frame(0, flags: 1, stream: 1, [1, 2])), at: .zero
        )
        let answer =
            try End.settings() + server.fields(1, [(":status", "200")]) + End.frame(0, flags: 1, stream: 1, [3])
        guard case .request(let request)? = observer.serverSent(ByteBuffer(bytes: answer), at: .seconds(1)).first else {
            Issue.record("nothing seen")
            return
        }
        #expect(request.version == "HTTP/2.0" && request.duration == .seconds(1) && request.sent == .zero)
        #expect(
            request.request?.content == [1, 2] && request.request?.isWhole == true && request.answer?.content == [3])
        #expect(request.request?.value(of: "X-A") == "1" && request.request?.value(of: ":authority") == "web")
        #expect(request.request?.headByteCount == nil && observer.keptByteCount == 0)
    }
}
