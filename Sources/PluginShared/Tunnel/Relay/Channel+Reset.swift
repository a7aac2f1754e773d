public import NIOCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#endif

extension Channel {
    /// Ends the connection with a RST where it is a socket: a linger time of zero makes close() drop what was not sent.
    public func reset() {
        guard let options = self as? any SocketOptionProvider else { return self.close(promise: nil) }
        options.setSoLinger(linger(l_onoff: 1, l_linger: 0)).whenComplete { _ in self.close(promise: nil) }
    }
}
