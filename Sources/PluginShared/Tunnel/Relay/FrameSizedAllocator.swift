import NIOCore

/// Reads from a socket as much as makes one frame of 64 KiB *with* its header.
///
/// Every hop copies in pieces of 32 KiB (Go's `io.Copy`: containerd, the kubelet, the API server, kubectl),
/// and nine bytes more are a message of their own for each of them. The room in front of what was read is also where
/// `FrameHeaderGuard` puts back what it has kept.
struct FrameSizedAllocator: RecvByteBufferAllocator {
    /// The header of a frame, in bytes (RFC 9113 §4.1).
    static let headerByteCount = 9

    private let budget: ReadBudget?
    /// Starts at 1 KiB, so that an idle connection holds little, and grows to 64 KiB for one that moves data.
    private var adaptive = AdaptiveRecvByteBufferAllocator(minimum: 1024, initial: 2048, maximum: 65_536)

    /// An allocator of buffers that count for a budget; `nil` for a link's, which is one.
    init(_ budget: ReadBudget?) {
        self.budget = budget
    }

    func buffer(allocator: ByteBufferAllocator) -> ByteBuffer {
        let isSmall = self.budget?.isFull ?? false
        var buffer =
            isSmall
            ? allocator.buffer(capacity: ReadBudget.smallRead) : self.adaptive.buffer(allocator: allocator)
        buffer.moveWriterIndex(forwardBy: FrameSizedAllocator.headerByteCount)
        buffer.moveReaderIndex(forwardBy: FrameSizedAllocator.headerByteCount)
        return buffer
    }

    /// Always says that the next buffer may be larger: NIO would otherwise read into the whole of one that it has kept.
    mutating func record(actualReadBytes: Int) -> Bool {
        _ = self.adaptive.record(actualReadBytes: actualReadBytes + FrameSizedAllocator.headerByteCount)
        return true
    }
}
