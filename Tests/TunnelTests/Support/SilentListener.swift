import FaultBench

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// A process that accepts nothing: the kernel takes connections for it, 4,096 of them, and nobody reads.
final class SilentListener: Sendable {
    let port: Int
    private let fd: Int32

    /// Listens on a free port of loopback.
    init() throws {
        self.fd = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let fd = self.fd
        let listens = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                bind(fd, pointer, length) == 0 && listen(fd, 4096) == 0 && getsockname(fd, pointer, &length) == 0
            }
        }
        guard listens else { throw RawSocketError.current() }
        self.port = Int(in_port_t(bigEndian: address.sin_port))
    }

    deinit { close(self.fd) }
}
