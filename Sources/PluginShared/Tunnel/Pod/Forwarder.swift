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
    /// Whether no request is under way, where requests are read; `nil` where they are not.
    var isBetweenRequests: Bool? { get }
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
    /// Tells the caller that its connection ends, where the protocol has words for it.
    func leave()
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
    func leave() {}
    func reset(at session: String) { self.connection?.abort() }
}
