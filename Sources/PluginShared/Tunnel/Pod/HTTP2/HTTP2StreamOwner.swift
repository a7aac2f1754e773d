import NIOCore
import NIOHPACK
import NIOHTTP2

/// What a stream reports to its owner.
protocol HTTP2StreamOwner: AnyObject {
    /// A head came, or trailers.
    func stream(_ stream: HTTP2Stream, received headers: HPACKHeaders, ends: Bool)
    /// Bytes came. Their sender is slowed down until the stream is told that they were passed on.
    func stream(_ stream: HTTP2Stream, received bytes: ByteBuffer, ends: Bool)
    /// All that has come was told.
    func streamReadComplete(_ stream: HTTP2Stream)
    /// Both sides have ended, and all of it is on its way.
    func streamEnded(_ stream: HTTP2Stream)
    /// The stream is gone without having ended: reset with this code; `nil` where it is lost with its connection.
    func stream(_ stream: HTTP2Stream, closed code: HTTP2ErrorCode?)
}
