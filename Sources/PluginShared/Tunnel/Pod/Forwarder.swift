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
    /// Sends FIN to the upstream.
    ///
    /// - Returns: Whether there is one.
    func finish() -> Bool
    /// Lets go of the upstream with a reset. Harmless when it has ended.
    func reset()
}
