/// The head of an HTTP/1 answer of which it is certain where it ends.
public struct ResponseHead: Sendable {
    /// The fields, and the head's bytes.
    public let fields: HeadFields
    /// 100 to 999.
    public let status: Int
    /// The version.
    public let version: HTTPVersion
    /// The body behind the head.
    public let framing: BodyFraming
    /// Whether the server would take another request on this connection (RFC 9112 §9.3). Never behind a body that ends with
    /// the connection, nor where nothing is HTTP any more.
    public let keepsAlive: Bool

    /// Judges a head (RFC 9112 §6.3).
    ///
    /// - Parameters:
    ///   - bytes: The head, and nothing behind it.
    ///   - method: That of the request that is answered.
    init(
        _ bytes: UnsafeRawBufferPointer, _ line: StatusLine, _ fields: [HeadField], answering method: MethodKind
    ) throws(FramingAmbiguity) {
        let facts = try FramingFields(bytes, fields, line.version)
        switch line.status {
        case 101: self.framing = .tunnel
        case 200..<300 where method == .connect: self.framing = .tunnel
        case 100..<200, 204:
            // They have no body, and a client that believes the field waits for one. Many servers say 0 with a 204.
            guard !facts.isChunked, facts.length ?? 0 == 0 else { throw .impossibleBody }
            self.framing = .empty
        case 304: self.framing = .empty
        case _ where method == .head: self.framing = .empty
        case _ where facts.isChunked: self.framing = .chunked
        default: self.framing = facts.length.map(BodyFraming.length) ?? .untilClose
        }
        self.fields = HeadFields(bytes, fields)
        self.status = line.status
        self.version = line.version
        let endsWithConnection = self.framing == .untilClose || self.framing == .tunnel
        self.keepsAlive = !endsWithConnection && facts.keepsAlive(line.version)
    }

    /// How many bytes the head takes, with its last CRLF.
    public var byteCount: Int { self.fields.bytes.count }
    /// Whether another answer to the same request follows: 1xx but 101, behind which nothing is HTTP any more.
    public var isInterim: Bool { self.status < 200 && self.status != 101 }
}
