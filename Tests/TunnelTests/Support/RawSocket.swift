#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// What went wrong on a raw socket.
enum RawSocketError: Error, Equatable {
    /// The peer reset the connection.
    case reset
    /// Nothing came in time.
    case timedOut
    /// Anything else, with errno.
    case system(Int32)

    static func current() -> RawSocketError {
        switch errno {
        case ECONNRESET, EPIPE: .reset
        case EAGAIN: .timedOut
        default: .system(errno)
        }
    }
}

/// A blocking TCP socket straight on the system calls, so that what tests see of FIN and RST owes nothing to NIO.
struct RawSocket: Sendable {
    let fd: Int32

    init(fd: Int32) {
        self.fd = fd
        var limit = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var one: Int32 = 1
        setsockopt(fd, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
    }

    static func connect(port: Int) throws(RawSocketError) -> RawSocket {
        let fd = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard fd >= 0 else { throw .current() }
        var address = sockaddr_in.loopback(port: port)
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(fd, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else {
            let error = RawSocketError.current()
            Glibc.close(fd)
            throw error
        }
        return RawSocket(fd: fd)
    }

    func send(_ bytes: [UInt8]) throws(RawSocketError) {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                Glibc.send(self.fd, buffer.baseAddress.map { $0 + sent }, buffer.count - sent, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw .current() }
            sent += count
        }
    }

    /// Sends until the peer takes nothing for half a second, at most 200 MB; how much it took.
    func sendUntilStopped() -> Int {
        var limit = timeval(tv_sec: 0, tv_usec: 500_000)
        setsockopt(self.fd, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        let bytes = pattern(65_536)
        var sent = 0
        while sent < 200_000_000 {
            let count = bytes.withUnsafeBytes { Glibc.send(self.fd, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            if count <= 0 { break }
            sent += count
        }
        return sent
    }

    func send(_ text: String) throws(RawSocketError) {
        try self.send(Array(text.utf8))
    }

    /// The next bytes; empty at FIN.
    func receive(upTo limit: Int = 65_536) throws(RawSocketError) -> [UInt8] {
        var failure: RawSocketError?
        let bytes = [UInt8](unsafeUninitializedCapacity: limit) { buffer, count in
            let got = recv(self.fd, buffer.baseAddress, limit, 0)
            if got < 0 { failure = .current() }
            count = max(0, got)
        }
        if let failure { throw failure }
        return bytes
    }

    /// Exactly so many bytes, or fewer if FIN came first.
    func receive(exactly count: Int) throws(RawSocketError) -> [UInt8] {
        var all: [UInt8] = []
        while all.count < count {
            let bytes = try self.receive(upTo: min(65_536, count - all.count))
            if bytes.isEmpty { break }
            all += bytes
        }
        return all
    }

    /// Everything up to FIN.
    func receiveAll() throws(RawSocketError) -> [UInt8] {
        var all: [UInt8] = []
        while true {
            let bytes = try self.receive()
            if bytes.isEmpty { return all }
            all += bytes
        }
    }

    func finish() {
        shutdown(self.fd, Int32(SHUT_WR))
    }

    func reset() {
        var zero = linger(l_onoff: 1, l_linger: 0)
        setsockopt(self.fd, SOL_SOCKET, SO_LINGER, &zero, socklen_t(MemoryLayout<linger>.size))
        Glibc.close(self.fd)
    }

    func close() {
        Glibc.close(self.fd)
    }
}

extension sockaddr_in {
    static func loopback(port: Int) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(truncatingIfNeeded: port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        return address
    }
}

/// Runs a body on a thread of its own.
func onThread(_ body: @escaping @Sendable () -> Void) {
    final class Box {
        let body: @Sendable () -> Void; init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
    var thread = pthread_t()
    let attributes = UnsafeMutablePointer<pthread_attr_t>.allocate(capacity: 1)
    defer { attributes.deallocate() }
    pthread_attr_init(attributes)
    pthread_attr_setdetachstate(attributes, Int32(PTHREAD_CREATE_DETACHED))
    pthread_attr_setstacksize(attributes, 512 * 1024)
    let box = Unmanaged.passRetained(Box(body)).toOpaque()
    pthread_create(
        &thread, attributes,
        { pointer in
            if let pointer { Unmanaged<Box>.fromOpaque(pointer).takeRetainedValue().body() }
            return nil
        }, box)
}

/// Runs a blocking body without holding one of the few threads that async code runs on.
func blocking<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
        onThread { continuation.resume(with: Result(catching: body)) }
    }
}

/// A server on loopback with one thread per connection.
final class RawServer: Sendable {
    let port: Int
    private let fd: Int32

    init(port: Int = 0, _ serve: @escaping @Sendable (RawSocket) throws -> Void) throws {
        let fd = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
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
                onThread {
                    let socket = RawSocket(fd: client)
                    try? serve(socket)
                }
            }
        }
    }

    /// Stops listening; what was accepted goes on.
    func stop() {
        shutdown(self.fd, Int32(SHUT_RDWR))
    }

    /// A server that sends back what it gets and ends when the caller does.
    static func echo() throws -> RawServer {
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
    static func named(_ name: String, port: Int = 0) throws -> RawServer {
        try RawServer(port: port) { socket in
            defer { socket.close() }
            let request = try socket.receiveAll()
            try socket.send(Array("\(name):".utf8) + request)
        }
    }
}

/// A port on loopback where nobody listens.
func closedPort() throws -> Int {
    let server = try RawServer { _ in }
    server.stop()
    return server.port
}
