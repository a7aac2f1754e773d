/// A process on the laptop that connections are taken to.
public struct LocalTarget: Sendable, Hashable {
    /// An address, or a name such as `localhost`, which stands for 127.0.0.1 and then ::1.
    public var host: String
    /// The port it listens on.
    public var port: Int

    /// Makes a target.
    public init(host: String, port: Int) {
        self.host = host
        self.port = port
    }
}

/// Connects to a local process where its addresses are not this process's own: the result is a connected TCP socket.
public typealias LocalSocket = @Sendable (LocalTarget) async throws -> CInt

/// What happens at the laptop's end of the tunnel.
public enum LaptopEvent: Sendable, Equatable {
    /// The route's local process no longer accepts connections, for this reason. Only on change.
    case localDown(route: String, reason: String)
    /// The route's local process accepts connections again. Only on change.
    case localUp(route: String)
    /// Bytes of a caller have had no answer of the route's local process for 5 s. Once a route.
    case unanswered(route: String)
    /// A line from the pod.
    case control(String)
    /// The pod answers no more, so far.
    case suspect
    /// The pod answers again.
    case recovered
    /// The tunnel has ended, with this reason, and whether it was given up because nothing came; the last event.
    case closed(reason: String, afterSilence: Bool)
}
