#if os(Linux)
    import CNamespace
    import Dispatch
    import Glibc

    /// Connects a socket to a server on its namespace's loopback.
    enum LoopbackConnect {
        /// How long the server may take, in milliseconds: only one whose queue is full takes any time at all.
        private static let limit: CInt = 2000

        /// Connects; the result is 0 or errno, and the socket does not block from then on.
        static func run(_ descriptor: CInt, isIPv6: Bool, port: UInt16) async -> Int32 {
            await withCheckedContinuation { continuation in
                DispatchQueue.global().async {
                    continuation.resume(returning: Self.connect(descriptor, isIPv6, port))
                }
            }
        }

        private static func connect(_ descriptor: CInt, _ isIPv6: Bool, _ port: UInt16) -> Int32 {
            _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
            if cnamespace_connect_to_loopback(descriptor, isIPv6 ? 1 : 0, port) == 0 { return 0 }
            guard errno == EINPROGRESS else { return errno }
            var watched = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            guard poll(&watched, 1, Self.limit) > 0 else { return ETIMEDOUT }
            var code: CInt = 0
            var size = socklen_t(MemoryLayout<CInt>.size)
            getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &size)
            return code
        }
    }
#endif
