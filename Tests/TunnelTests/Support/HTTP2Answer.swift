import NIOCore
import NIOHPACK
import NIOHTTP2

/// What came of a request.
struct HTTP2Answer: Sendable {
    var heads: [HPACKHeaders] = []
    var body = ByteBuffer()
    var trailers: HPACKHeaders?
    /// Whether it ended, and was not cut off.
    var hasEnded = false
    /// With which the stream was reset.
    var code: HTTP2ErrorCode?

    var status: String? { self.heads.last?.first(name: ":status") }
    var text: String { String(buffer: self.body) }
    /// Who answered: the body's first word.
    var who: String {
        self.hasEnded
            ? String(self.text.prefix { $0 != " " }) : "reset \(self.code.map(String.init(describing:)) ?? "")"
    }
}
