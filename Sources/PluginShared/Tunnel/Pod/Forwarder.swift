import NIOCore

/// Carries what a caller sends to an upstream, and the answers back. Told by the connection that owns the caller what comes from
/// there; all on the one event loop.
protocol Forwarder: AnyObject {
    /// The connection, which owns the forwarder.
    var connection: PodConnection? { get set }
    /// The session whose laptop has the connection, or is asked for it; `nil` for the origin.
    var session: String? { get }
    /// Whether the origin has it.
    var passesThrough: Bool { get }
    /// Whether each request goes to whoever it belongs to.
    var readsRequests: Bool { get }
    /// Where it stands between requests and their answers, as far as they can be read or followed.
    var standing: HTTP1Exchange.Standing { get }
    /// Whether the caller is to be told, in words of its protocol, that the connection ends, which it then does: in HTTP/1 behind the
    /// answer that says so, in HTTP/2 behind the last.
    var endsBehindAnswers: Bool { get set }
    /// Whether bytes were read that are not sent on yet; `nil` while there is no upstream.
    var holdsBytes: Bool? { get }

    /// Decides where the connection goes, and begins to read the caller.
    func start()
    /// Bytes came from the caller.
    func callerSent(_ bytes: ByteBuffer)
    /// The caller has ended its half.
    func callerEnded()
    /// No more bytes of the caller are available for now.
    func callerReadComplete()
    /// The caller takes more, or less, than before.
    func callerWritabilityChanged()
    /// Whether a session's laptop has the connection, or one of its requests.
    func isAt(_ session: String) -> Bool
    /// Gives up what a session's laptop has of it.
    func reset(at session: String)
    /// Sends FIN to the upstream.
    ///
    /// - Returns: Whether there is one.
    func finish() -> Bool
    /// Lets go of the upstream with a reset. Harmless when it has ended.
    func reset()
}

extension Forwarder {
    func isAt(_ session: String) -> Bool { self.session == session }
    func reset(at session: String) { self.connection?.abort() }
}
