import Glibc

/// HTTP/1.1 on one connection that is kept open, as little of it as the measurements need: requests without a body, answers with
/// a length.
struct HTTPStream {
    private static let headEnd = Array("\r\n\r\n".utf8)
    private static let body = String(repeating: "x", count: 256)

    let socket: Socket
    /// What has come and is not taken yet.
    private var bytes: [UInt8]

    /// - Parameter bytes: What was read before.
    init(_ socket: Socket, read bytes: [UInt8] = []) {
        self.socket = socket
        self.bytes = bytes
    }

    /// Sends a user's request and takes the answer in; who answered.
    mutating func ask(_ user: String) throws(SocketError) -> String {
        try self.socket.send(
            "GET /items/17 HTTP/1.1\r\nHost: web.bench\r\nUser-Agent: load\r\nAccept: application/json\r\n"
                + "x-user: \(user)\r\n\r\n")
        let head = try self.takeHead()
        guard let who = Self.field("x-who", of: head), let length = Self.field("content-length", of: head),
            let count = Int(length)
        else { throw SocketError(code: EPROTO) }
        while self.bytes.count < count { try self.receive() }
        self.bytes.removeFirst(count)
        return who
    }

    /// Answers requests until the connection ends.
    mutating func serve(as name: String) throws(SocketError) {
        let answer =
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Who: \(name)\r\nContent-Length: \(Self.body.utf8.count)"
            + "\r\n\r\n\(Self.body)"
        while true {
            _ = try self.takeHead()
            try self.socket.send(answer)
        }
    }

    private mutating func takeHead() throws(SocketError) -> String {
        while true {
            // Heads are short, and come in one piece as a rule.
            for end in self.bytes.indices.dropFirst(3) where self.bytes[end] == 10 {
                guard self.bytes[(end - 3)...end].elementsEqual(Self.headEnd) else { continue }
                let head = String(decoding: self.bytes[...end], as: UTF8.self)
                self.bytes.removeFirst(end + 1)
                return head
            }
            try self.receive()
        }
    }

    private mutating func receive() throws(SocketError) {
        var failure: SocketError?
        let more = [UInt8](unsafeUninitializedCapacity: 4096) { buffer, count in
            do throws(SocketError) { count = try self.socket.receive(UnsafeMutableRawBufferPointer(buffer)) } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        guard !more.isEmpty else { throw SocketError(code: ECONNABORTED) }
        self.bytes += more
    }

    /// - Parameter name: In small letters, as HAProxy writes them.
    private static func field(_ name: String, of head: String) -> String? {
        head.split(separator: "\r\n").first { $0.lowercased().hasPrefix(name + ": ") }
            .map { String($0.dropFirst(name.count + 2)) }
    }
}
