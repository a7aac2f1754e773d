import NIOCore
import NIOHPACK

/// Decodes the blocks of fields of one direction (RFC 7541). Its table follows what the receiver has allowed, from where the sender says
/// that it knows. A value.
struct HTTP2FieldsReader {
    /// The most bytes of the table: 64 KiB, sixteen times what a connection begins with.
    static let maximumTable = 65_536
    /// The most bytes of a block's fields when they are decoded: 64 KiB.
    private static let maximumFields = 65_536
    /// The most settings that may wait for their acknowledgement: 64.
    private static let maximumUnacknowledged = 64

    private var decoder = HPACKDecoder(
        allocator: ByteBufferAllocator(), maxDynamicTableSize: HPACKDecoder.maxDynamicTableSize,
        maxHeaderListSize: Self.maximumFields)
    /// What the receiver's settings say of the table, each until it is acknowledged.
    private var unacknowledged: [Int?] = []

    /// The receiver has sent settings.
    ///
    /// - Returns: Whether they can be followed.
    mutating func allowed(_ size: Int?) -> Bool {
        self.unacknowledged.append(size.map { min($0, Self.maximumTable) })
        // More is allowed at once: the sender says in a block from where on it uses it.
        if let size, size > self.decoder.maxDynamicTableLength {
            self.decoder.maxDynamicTableLength = min(size, Self.maximumTable)
        }
        return self.unacknowledged.count <= Self.maximumUnacknowledged
    }

    /// The sender has acknowledged the oldest of them.
    mutating func acknowledged() {
        guard !self.unacknowledged.isEmpty, let size = self.unacknowledged.removeFirst() else { return }
        self.decoder.maxDynamicTableLength = size
    }

    /// The fields of a block; `nil` where it is none.
    mutating func read(_ block: ByteBuffer) -> HPACKHeaders? {
        var block = block
        return try? self.decoder.decodeHeaders(from: &block)
    }
}
