/// A gateway pod's configuration, in its environment: one JSON text, and its node's address.
public struct GatewayConfiguration: JSONText, Sendable, Equatable {
    /// The environment variable with this value as JSON. Its presence makes the pod a gateway.
    public static let variable = "KUBECTL_TUNNEL_GATEWAY"
    /// The environment variable with the node's address, from the downward API.
    public static let nodeVariable = "KUBECTL_TUNNEL_NODE"

    /// The namespace.
    public var namespace: String
    /// `USER/HOST/SESSION`.
    public var holder: String
    /// The public key of the session's laptop.
    public var publicKey: String
    /// The Lease's duration in seconds.
    public var leaseDurationSeconds: Int
    /// The port of the tunnel, on loopback.
    public var tunnelPort: Int
    /// What is allowed besides the cluster's own, as `--allow` was given.
    public var allowed: [String]
    /// The API server's addresses behind its Service, as far as the plugin could see them.
    public var apiServers: [String]
    /// Whether this pod may read its Lease and delete its objects; otherwise it only falls silent.
    public var mayCleanUp: Bool

    /// The whole configuration.
    public init(
        namespace: String, holder: String, publicKey: String, leaseDurationSeconds: Int, tunnelPort: Int,
        allowed: [String], apiServers: [String], mayCleanUp: Bool
    ) {
        self.namespace = namespace
        self.holder = holder
        self.publicKey = publicKey
        self.leaseDurationSeconds = leaseDurationSeconds
        self.tunnelPort = tunnelPort
        self.allowed = allowed
        self.apiServers = apiServers
        self.mayCleanUp = mayCleanUp
    }
}
