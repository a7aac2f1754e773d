#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// What went wrong on a raw socket.
package enum RawSocketError: Error, Equatable {
    /// The peer reset the connection.
    case reset
    /// Nothing came in time.
    case timedOut
    /// Anything else, with errno.
    case system(Int32)

    package static func current() -> RawSocketError {
        switch errno {
        case ECONNRESET, EPIPE: .reset
        case EAGAIN: .timedOut
        default: .system(errno)
        }
    }
}

/// A blocking TCP socket straight on the system calls, so that what tests see of FIN and RST owes nothing to NIO.
package struct RawSocket: Sendable {
    package let fd: Int32

    /// TCP, and not for programs that are started meanwhile: a close here would tell the peer nothing while they live.
    static let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)

    package init(fd: Int32) {
        self.fd = fd
        var limit = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var one: Int32 = 1
        setsockopt(fd, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
    }

    /// Connects to an IPv4 address; nothing is resolved.
    package static func connect(host: String = "127.0.0.1", port: Int) throws(RawSocketError) -> RawSocket {
        let fd = socket(AF_INET, Self.kind, 0)
        guard fd >= 0 else { throw .current() }
        var address = sockaddr_in.loopback(port: port)
        inet_pton(AF_INET, host, &address.sin_addr)
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

    package func send(_ bytes: [UInt8]) throws(RawSocketError) {
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
    package func sendUntilStopped() -> Int {
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

    package func send(_ text: String) throws(RawSocketError) {
        try self.send(Array(text.utf8))
    }

    /// The next bytes; empty at FIN.
    package func receive(upTo limit: Int = 65_536) throws(RawSocketError) -> [UInt8] {
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
    package func receive(exactly count: Int) throws(RawSocketError) -> [UInt8] {
        var all: [UInt8] = []
        while all.count < count {
            let bytes = try self.receive(upTo: min(65_536, count - all.count))
            if bytes.isEmpty { break }
            all += bytes
        }
        return all
    }

    /// Everything up to FIN.
    package func receiveAll() throws(RawSocketError) -> [UInt8] {
        var all: [UInt8] = []
        while true {
            let bytes = try self.receive()
            if bytes.isEmpty { return all }
            all += bytes
        }
    }

    package func finish() {
        shutdown(self.fd, Int32(SHUT_WR))
    }

    package func reset() {
        var zero = linger(l_onoff: 1, l_linger: 0)
        setsockopt(self.fd, SOL_SOCKET, SO_LINGER, &zero, socklen_t(MemoryLayout<linger>.size))
        Glibc.close(self.fd)
    }

    package func close() {
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
