import Glibc

/// What went wrong on a socket, with errno.
struct SocketError: Error, CustomStringConvertible {
    var code: Int32

    static var current: SocketError { SocketError(code: errno) }
    var description: String { String(cString: strerror(self.code)) }
}

/// A blocking TCP socket.
struct Socket: Sendable {
    let fd: Int32

    init(fd: Int32) {
        self.fd = fd
        self.set(Int32(IPPROTO_TCP), TCP_NODELAY, Int32(1))
    }

    func set<Value>(_ level: Int32, _ name: Int32, _ value: Value) {
        withUnsafeBytes(of: value) {
            _ = setsockopt(self.fd, level, name, $0.baseAddress, socklen_t($0.count))
        }
    }

    /// Gives up reading and writing after so many seconds.
    func limit(seconds: Int) {
        self.set(SOL_SOCKET, SO_RCVTIMEO, timeval(tv_sec: seconds, tv_usec: 0))
        self.set(SOL_SOCKET, SO_SNDTIMEO, timeval(tv_sec: seconds, tv_usec: 0))
    }

    private static func address(_ host: String, _ port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        inet_pton(AF_INET, host, &address.sin_addr)
        return address
    }

    private static func with<Result>(
        _ address: sockaddr_in, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
    ) -> Result {
        withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }

    static func connect(_ host: String, _ port: UInt16) throws(SocketError) -> Socket {
        let socket = Socket(fd: Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0))
        socket.limit(seconds: 30)
        guard Self.with(Self.address(host, port), { Glibc.connect(socket.fd, $0, $1) }) == 0 else {
            let error = SocketError.current
            socket.close()
            throw error
        }
        return socket
    }

    static func listen(_ host: String, _ port: UInt16) throws(SocketError) -> Socket {
        let socket = Socket(fd: Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0))
        socket.set(SOL_SOCKET, SO_REUSEADDR, Int32(1))
        guard Self.with(Self.address(host, port), { bind(socket.fd, $0, $1) }) == 0, Glibc.listen(socket.fd, 4096) == 0
        else { throw SocketError.current }
        return socket
    }

    func accept() -> Socket? {
        let fd = Glibc.accept(self.fd, nil, nil)
        return fd < 0 ? nil : Socket(fd: fd)
    }

    func send(_ bytes: UnsafeRawBufferPointer) throws(SocketError) {
        var rest = bytes
        while let start = rest.baseAddress, !rest.isEmpty {
            let count = Glibc.send(self.fd, start, rest.count, Int32(MSG_NOSIGNAL))
            guard count > 0 else { throw SocketError.current }
            rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
        }
    }

    func send(_ text: String) throws(SocketError) {
        var text = text
        var failure: SocketError?
        text.withUTF8 { bytes in
            do throws(SocketError) { try self.send(UnsafeRawBufferPointer(bytes)) } catch { failure = error }
        }
        if let failure { throw failure }
    }

    /// How many bytes came; 0 at FIN.
    func receive(_ buffer: UnsafeMutableRawBufferPointer) throws(SocketError) -> Int {
        let count = recv(self.fd, buffer.baseAddress, buffer.count, 0)
        guard count >= 0 else { throw SocketError.current }
        return count
    }

    /// Everything up to the next newline, or to FIN.
    func receiveLine() throws(SocketError) -> String {
        var line: [UInt8] = []
        var byte: UInt8 = 0
        while true {
            let count = recv(self.fd, &byte, 1, 0)
            guard count >= 0 else { throw SocketError.current }
            guard count == 1, byte != UInt8(ascii: "\n") else { return String(decoding: line, as: UTF8.self) }
            line.append(byte)
        }
    }

    func finish() { shutdown(self.fd, Int32(SHUT_WR)) }

    func reset() {
        self.set(SOL_SOCKET, SO_LINGER, linger(l_onoff: 1, l_linger: 0))
        self.close()
    }

    func close() { Glibc.close(self.fd) }
}

/// Nanoseconds since boot: one clock for all processes of a machine.
func now() -> Int {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return time.tv_sec * 1_000_000_000 + time.tv_nsec
}
