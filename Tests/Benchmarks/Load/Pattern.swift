import Glibc

/// Bytes that can be made and checked at any place of a stream: random ones, repeated after a prime number.
struct Pattern: Sendable {
    private static let period = 65_521
    private let bytes: [UInt8]

    init(seed: UInt64) {
        var state = seed
        // Twice, so that a piece of up to one period can start anywhere.
        let once = (0..<Self.period).map { _ -> UInt8 in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(truncatingIfNeeded: state >> 56)
        }
        self.bytes = once + once
    }

    /// Sends so many bytes.
    func send(_ count: Int, to socket: Socket) throws(SocketError) {
        var sent = 0
        while sent < count {
            let size = min(count - sent, Self.period)
            var failure: SocketError?
            self.bytes.withUnsafeBytes { all in
                let start = sent % Self.period
                do throws(SocketError) {
                    try socket.send(UnsafeRawBufferPointer(rebasing: all[start..<start + size]))
                } catch { failure = error }
            }
            if let failure { throw failure }
            sent += size
        }
    }

    /// Reads to FIN; whether exactly so many bytes came, each as it was sent.
    func isReceived(_ count: Int, from socket: Socket) throws(SocketError) -> Bool {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.period, alignment: 16)
        defer { buffer.deallocate() }
        var received = 0
        while true {
            let size = try socket.receive(buffer)
            if size == 0 { return received == count }
            let start = received % Self.period
            let isEqual = self.bytes.withUnsafeBytes { all in
                all.baseAddress.flatMap { base in buffer.baseAddress.map { memcmp(base + start, $0, size) == 0 } }
            }
            guard isEqual == true else { return false }
            received += size
        }
    }
}
