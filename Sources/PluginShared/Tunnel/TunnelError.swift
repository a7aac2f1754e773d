/// Why a tunnel could not be made, or ended.
public struct TunnelError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The kind of failure, for decisions; the message is for people.
    public enum Code: Hashable, Sendable {
        /// The other end refused the proof, or could not prove itself.
        case handshakeRefused
        /// The two ends speak different versions of the tunnel's protocol.
        case versionMismatch(local: UInt8, remote: UInt8)
        /// An answer did not come in time.
        case timedOut
        /// The connection ended.
        case connectionClosed
        /// The connection could not be made.
        case connectFailed
        /// A port could not be listened on.
        case bindFailed
    }

    /// The kind of failure.
    public var code: Code
    /// One line for people: lowercase, without a period.
    public var message: String

    /// Makes an error from its kind and a line for people.
    public init(code: Code, message: String) {
        self.code = code
        self.message = message
    }

    /// The message.
    public var description: String { self.message }
}
