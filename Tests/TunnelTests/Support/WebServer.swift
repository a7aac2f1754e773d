import FaultBench

/// A server that speaks HTTP/1.1 on loopback, and says in each answer who it is.
enum WebServer {
    /// Serves; what it does is in the path's first word.
    ///
    /// - Parameter seen: Told each request's path.
    static func start(_ name: String, seen: @escaping @Sendable (String) -> Void = { _ in }) throws -> RawServer {
        try RawServer { socket in
            defer { socket.close() }
            var input = Input(socket: socket)
            while let head = try input.head() {
                let path = String(head.split(separator: " ")[1])
                seen(path)
                switch path {
                case "/early": try socket.send("HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\n\r\n\(name.prefix(4)) ")
                case "/refused":
                    try socket.send("HTTP/1.1 401 Unauthorized\r\nContent-Length: 5\r\n\r\n\(name.prefix(4)) ")
                    continue
                case "/cut":
                    return try socket.send("HTTP/1.1 200 OK\r\nX-Cut: a")
                default: break
                }
                let body = try input.body(of: head)
                let text = path == "/head" ? "\(name) \(head)" : "\(name) \(path) \(body)"
                switch path.split(separator: "/").first.map(String.init) {
                case "chunked":
                    let chunks = text.map { "1;x=y\r\n\($0)\r\n" }.joined()
                    try socket.send(
                        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\(chunks)0\r\nX-Sum: 1\r\n\r\n")
                case "interim":
                    try socket.send("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")
                    try socket.send("HTTP/1.1 200 OK\r\ncontent-LENGTH:  \(text.utf8.count)\r\n\r\n\(text)")
                case "empty": try socket.send("HTTP/1.1 204 No Content\r\nX-Who: \(name)\r\n\r\n")
                case "untilclose": return try socket.send("HTTP/1.1 200 OK\r\nX-A: 1\r\nx-a: 2\r\n\r\n\(text)")
                case "gone": return
                case "goneat" where path.hasSuffix(name): return
                case "early": break
                case "once":
                    return try socket.send("HTTP/1.1 200 OK\r\nContent-Length: \(text.utf8.count)\r\n\r\n\(text)")
                case "upgrade" where head.lowercased().contains("\r\nupgrade:"):
                    try socket.send("HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\n\r\n\(name)!")
                    try socket.send(input.rest)
                    while case let bytes = try socket.receive(), !bytes.isEmpty { try socket.send(bytes) }
                    return
                case _ where head.hasPrefix("HEAD"):
                    try socket.send("HTTP/1.1 200 OK\r\nContent-Length: \(text.utf8.count)\r\n\r\n")
                default: try socket.send("HTTP/1.1 200 OK\r\nContent-Length: \(text.utf8.count)\r\n\r\n\(text)")
                }
            }
        }
    }

    /// What a caller has sent, taken apart.
    private struct Input {
        let socket: RawSocket
        var rest: [UInt8] = []

        mutating func head() throws -> String? {
            let end = Array("\r\n\r\n".utf8)
            while true {
                if let index = self.rest.indices.first(where: { self.rest[$0...].starts(with: end) }) {
                    let head = String(decoding: self.rest[..<index], as: UTF8.self)
                    self.rest.removeFirst(index + 4)
                    return head
                }
                guard try self.more() else { return nil }
            }
        }

        /// How long the body is, and the sum of its bytes.
        mutating func body(of head: String) throws -> String {
            let fields = head.lowercased().split(separator: "\r\n")
            if let field = fields.first(where: { $0.hasPrefix("content-length:") }) {
                let count = Int(field.dropFirst(15).filter { $0 != " " }) ?? 0
                while self.rest.count < count, try self.more() {}
                return Self.sum(self.take(count))
            }
            guard fields.contains(where: { $0.hasPrefix("transfer-encoding:") }) else { return "-" }
            var all: [UInt8] = []
            while true {
                let size = Int(try self.line(), radix: 16) ?? 0
                guard size > 0 else { break }
                while self.rest.count < size + 2, try self.more() {}
                all += self.take(size)
                _ = self.take(2)
            }
            while try !self.line().isEmpty {}
            return Self.sum(all)
        }

        private mutating func line() throws -> String {
            while !self.rest.contains(10), try self.more() {}
            let end = self.rest.firstIndex(of: 10) ?? self.rest.endIndex
            let line = String(decoding: self.rest[..<end].filter { $0 != 13 }, as: UTF8.self)
            self.rest.removeFirst(min(end + 1, self.rest.count))
            return line
        }

        private mutating func take(_ count: Int) -> [UInt8] {
            defer { self.rest.removeFirst(min(count, self.rest.count)) }
            return Array(self.rest.prefix(count))
        }

        private mutating func more() throws -> Bool {
            let bytes = try self.socket.receive()
            self.rest += bytes
            return !bytes.isEmpty
        }

        private static func sum(_ bytes: [UInt8]) -> String {
            "\(bytes.count)/\(bytes.reduce(into: UInt32(0)) { $0 = $0 &* 31 &+ UInt32($1) })"
        }
    }
}
