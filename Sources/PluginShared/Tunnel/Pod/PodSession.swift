public import Requests

/// A laptop's session, as the pod's end knows it.
public struct PodSession: Sendable, Equatable {
    /// Its identifier, which its laptop names in the handshake.
    public var id: String
    /// The public half of its laptop's key.
    public var key: TunnelPublicKey
    /// The routes whose connections go to its laptop. A route of several sessions is the first one's.
    public var routes: Set<String>
    /// Which requests of its routes go there, beside those of others; `nil` for whole connections.
    public var rule: RequestRule?
    /// Whether these say who called, by ``ForwardedFields``.
    public var tellsCaller: Bool
    /// Whether it gets copies of them, and somebody else answers.
    public var isMirror: Bool

    /// A session.
    public init(
        id: String, key: TunnelPublicKey, routes: Set<String>, rule: RequestRule? = nil, tellsCaller: Bool = true,
        isMirror: Bool = false
    ) {
        self.id = id
        self.key = key
        self.routes = routes
        self.rule = rule
        self.tellsCaller = tellsCaller
        self.isMirror = isMirror
    }
}
