import NIOHTTP2

/// What an HTTP/2 connection reports to its owner.
protocol HTTP2ConnectionOwner: AnyObject {
    /// The peer begins a stream.
    func connection(_ connection: HTTP2Connection, opened stream: HTTP2Stream)
    /// The peer takes no more streams.
    func connectionIsLeft(_ connection: HTTP2Connection)
    /// The peer knows that the connection ends, and begins no more streams.
    func connectionHasLeft(_ connection: HTTP2Connection)
    /// The peer broke the protocol, which it was told, or was told so itself.
    func connectionFailed(_ connection: HTTP2Connection)
}

extension HTTP2ConnectionOwner {
    func connection(_ connection: HTTP2Connection, opened stream: HTTP2Stream) { stream.reset(code: .refusedStream) }
    func connectionIsLeft(_ connection: HTTP2Connection) {}
    func connectionHasLeft(_ connection: HTTP2Connection) {}
}
