import NIOCore

/// Bytes that wait for a receiver, copied so that a small slice does not keep a large receive buffer alive.
struct HeldBytes {
    /// The most bytes of one chunk: 64 KiB. Chunks are freed one by one as they are taken.
    static let chunkByteCount = 65_536

    private var chunks = CircularBuffer<ByteBuffer>()
    /// How many bytes wait.
    private(set) var byteCount = 0

    /// Whether nothing waits.
    var isEmpty: Bool { self.byteCount == 0 }

    /// Adds a copy of the bytes.
    mutating func append(_ bytes: ByteBuffer) {
        guard bytes.readableBytes > 0 else { return }
        self.byteCount += bytes.readableBytes
        // Taken out and put back, so that the chunk is written in place and not copied first.
        var chunk = self.chunks.popLast() ?? ByteBuffer()
        if chunk.readableBytes > 0, chunk.readableBytes + bytes.readableBytes > HeldBytes.chunkByteCount {
            self.chunks.append(chunk)
            chunk = ByteBuffer()
        }
        chunk.writeImmutableBuffer(bytes)
        self.chunks.append(chunk)
    }

    /// Takes the oldest chunk.
    mutating func popFirst() -> ByteBuffer? {
        guard let chunk = self.chunks.popFirst() else { return nil }
        self.byteCount -= chunk.readableBytes
        return chunk
    }

    /// Drops everything.
    mutating func removeAll() {
        self.chunks.removeAll()
        self.byteCount = 0
    }
}
