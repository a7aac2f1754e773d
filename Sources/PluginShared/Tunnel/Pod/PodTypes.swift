/// One port the proxy pod listens on in the Service's place.
public struct ProxyPort: Sendable, Equatable {
    /// The port to listen on, on every address; 0 picks a free one.
    public var listenPort: Int
    /// The route's name, the `:authority` of its CONNECTs, e.g. `web:80`.
    public var route: String
    /// The original pods' address, a numeric IP: the proxy resolves no names.
    public var originHost: String
    /// The original pods' port.
    public var originPort: Int

    /// Makes a port.
    public init(listenPort: Int, route: String, originHost: String, originPort: Int) {
        self.listenPort = listenPort
        self.route = route
        self.originHost = originHost
        self.originPort = originPort
    }
}

/// What happens at the pod's end of the tunnel.
public enum PodEvent: Sendable, Equatable {
    /// A session's laptop has proved itself and answered a PING: connections go through the tunnel.
    case linkUp(session: String)
    /// A connection went unanswered: new ones go to the origin.
    case linkSuspect(session: String)
    /// The suspect link answered: new connections go through the tunnel again.
    case linkRecovered(session: String)
    /// The link is gone, with this reason; new connections go to the origin.
    case linkDown(session: String, reason: String)
    /// A line from a session's laptop.
    case control(String, session: String)
    /// Callers are refused: this many connections are open, as many as the limit of open files allows. Told every 10 s.
    case callersRefused(limit: Int)
    /// Callers of a route with rules speak this, in which whose a request is cannot be seen. Told once for each.
    case callersNotRead(route: String, protocol: String)
    /// A peer at the tunnel port did not prove itself, or speaks another version.
    case peerRefused(reason: String)
}

/// Whether the origin of one port can be reached.
public struct OriginCheck: Sendable, Equatable {
    /// The port's route.
    public var route: String
    /// Why the origin could not be reached; `nil` when it could.
    public var failure: String?
    /// Whether the connection was refused, be it the pod or, for a Service without endpoints, its node.
    public var isRefused: Bool

    /// Makes a result.
    public init(route: String, failure: String?, isRefused: Bool = false) {
        self.isRefused = isRefused
        self.route = route
        self.failure = failure
    }
}
