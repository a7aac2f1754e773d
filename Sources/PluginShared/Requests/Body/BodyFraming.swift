/// How the end of a message's body is told (RFC 9112 §6.3).
public enum BodyFraming: Sendable, Hashable {
    /// Nothing: the message ends with its head.
    case empty
    /// So many bytes; 0 or more.
    case length(Int64)
    /// Chunks, up to the last one and the trailers.
    case chunked
    /// All until the connection ends; answers alone.
    case untilClose
    /// Nothing is HTTP any more, in either direction; answers alone: a 101, and a 2xx to CONNECT.
    case tunnel
}
