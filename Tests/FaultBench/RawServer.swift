#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// A server on loopback with one thread per connection.
package final class RawServer: Sendable {
    package let port: Int
    private let fd: Int32

    package init(port: Int = 0, _ serve: @escaping @Sendable (RawSocket) throws -> Void) throws {
        let fd = socket(AF_INET, RawSocket.kind, 0)
        var one: Int32 = 1
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in.loopback(port: port)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                bind(fd, pointer, length) == 0 && listen(fd, 4096) == 0 && getsockname(fd, pointer, &length) == 0
            }
        }
        guard bound else { throw RawSocketError.current() }
        self.fd = fd
        self.port = Int(in_port_t(bigEndian: address.sin_port))
        onThread {
            while true {
                let client = accept(fd, nil, nil)
                guard client >= 0 else {
                    // Closed here and not in `stop`: its number must not be given away while this thread uses it.
                    Glibc.close(fd)
                    return
                }
                _ = fcntl(client, F_SETFD, FD_CLOEXEC)
                onThread {
                    let socket = RawSocket(fd: client)
                    try? serve(socket)
                }
            }
        }
    }

    /// Stops listening; what was accepted goes on.
    package func stop() {
        shutdown(self.fd, Int32(SHUT_RDWR))
    }

    /// A server that sends back what it gets and ends when the caller does.
    package static func echo() throws -> RawServer {
        try RawServer { socket in
            defer { socket.close() }
            while true {
                let bytes = try socket.receive()
                if bytes.isEmpty { break }
                try socket.send(bytes)
            }
        }
    }

    /// A server that reads to FIN, answers with its name and what it read, and ends.
    package static func named(_ name: String, port: Int = 0) throws -> RawServer {
        try RawServer(port: port) { socket in
            defer { socket.close() }
            let request = try socket.receiveAll()
            try socket.send(Array("\(name):".utf8) + request)
        }
    }
}

/// A port on loopback where nobody listens.
package func closedPort() throws -> Int {
    let server = try RawServer { _ in }
    server.stop()
    return server.port
}
