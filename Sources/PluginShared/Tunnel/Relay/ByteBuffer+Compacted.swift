import NIOCore

extension ByteBuffer {
    /// A copy of a small slice: for as long as it waits for somebody, it would keep the whole buffer that it was received in.
    /// 500 uploads that were not read took 994 MB in the plugin, in pieces of 4 KiB.
    var compacted: ByteBuffer {
        guard self.readableBytes * 2 < self.storageCapacity else { return self }
        var copy = ByteBuffer()
        copy.reserveCapacity(self.readableBytes)
        copy.writeImmutableBuffer(self)
        return copy
    }
}
