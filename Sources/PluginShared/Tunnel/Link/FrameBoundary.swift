import NIOCore

/// Follows the frames of a stream of bytes, to keep back a frame's header that has come in part.
///
/// swift-nio-http2 appends what comes next to the part that it has, and the part's buffer is never shortened
/// (HTTP2FrameDecoder, `AccumulatingFrameHeaderParserState`). While every read happens to end within a header, that
/// buffer grows by every read: 64 KiB frames in 64 KiB reads took fifteen times the processor time, and all memory.
struct FrameBoundary {
    /// Bytes that belong to the preface or to a frame's payload and are still to come.
    private var payload: Int
    /// The part of a header, at most eight bytes.
    private var partialHeader: [UInt8] = []

    /// The preface of an HTTP/2 client, in bytes (RFC 9113 §3.4).
    static let prefaceByteCount = 24

    /// - Parameter role: The side of HTTP/2 that reads.
    init(reader role: HTTP2Role) {
        self.payload = role == .server ? FrameBoundary.prefaceByteCount : 0
    }

    /// Takes bytes; returns those up to the last header that is whole, with what was kept before them.
    mutating func received(_ bytes: ByteBuffer) -> ByteBuffer {
        var bytes = bytes
        if !self.partialHeader.isEmpty { self.putBack(in: &bytes) }
        var position = bytes.readerIndex
        while true {
            let step = min(self.payload, bytes.writerIndex - position)
            self.payload -= step
            position += step
            let rest = bytes.writerIndex - position
            guard self.payload == 0, rest > 0 else { return bytes }
            guard rest >= FrameSizedAllocator.headerByteCount,
                let high = bytes.getInteger(at: position, as: UInt16.self),
                let low = bytes.getInteger(at: position + 2, as: UInt8.self)
            else {
                self.partialHeader = bytes.getBytes(at: position, length: rest) ?? []
                bytes.moveWriterIndex(to: position)
                return bytes
            }
            position += FrameSizedAllocator.headerByteCount
            self.payload = Int(high) << 8 | Int(low)
        }
    }

    private mutating func putBack(in bytes: inout ByteBuffer) {
        let start = bytes.readerIndex - self.partialHeader.count
        if start >= 0 {
            bytes.setBytes(self.partialHeader, at: start)
            bytes.moveReaderIndex(to: start)
        } else {
            bytes = ByteBuffer(bytes: self.partialHeader + bytes.readableBytesView)
        }
        self.partialHeader = []
    }
}

/// Puts `FrameBoundary` before HTTP/2.
final class FrameHeaderGuard: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private var boundary: FrameBoundary

    /// - Parameter role: The side of HTTP/2 that reads.
    init(reader role: HTTP2Role) {
        self.boundary = FrameBoundary(reader: role)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = self.boundary.received(self.unwrapInboundIn(data))
        if bytes.readableBytes > 0 { context.fireChannelRead(self.wrapInboundOut(bytes)) }
    }
}
