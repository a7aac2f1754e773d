import NIOCore
import Requests

/// Counts a message's content as its body passes, and keeps the first of it where that is wanted. A value.
struct ObservedBody {
    private var reader: BodyReader
    /// Bytes of content so far.
    private(set) var byteCount: Int64 = 0
    private(set) var content: [UInt8] = []
    /// Whether what is kept is all that has come.
    private(set) var isWhole = true

    /// A body that is framed like this.
    init(_ framing: BodyFraming) { self.reader = BodyReader(framing) }

    /// Bytes of it came.
    ///
    /// - Parameter keeps: Whether they are to be kept.
    mutating func append(_ bytes: ByteBuffer, keeps: Bool) {
        var (count, content, isWhole) = (self.byteCount, self.content, self.isWhole)
        // Two that have the same bytes would copy them.
        self.content = []
        _ = bytes.withUnsafeReadableBytes { bytes in
            self.reader.read(bytes) { piece in
                count += Int64(piece.count)
                let room = keeps && isWhole ? ObservedMessage.maximumContent - content.count : 0
                content += piece.prefix(room)
                isWhole = isWhole && piece.count <= room
            }
        }
        (self.byteCount, self.content, self.isWhole) = (count, content, isWhole)
    }
}
