/// What a gateway is to be like, from the command line.
public struct GatewayRequest: Sendable {
    /// The proxy's image, in which the gateway is.
    public var image: String
    /// The Secret with the registry's credentials; `nil` for none.
    public var imagePullSecret: String?
    /// For how long the laptop may be silent before the gateway goes, in seconds.
    public var leaseDurationSeconds: Int
    /// How long the pod may take to be ready.
    public var timeout: Duration
    /// What is allowed besides the cluster's own, each as `EgressRule` reads it.
    public var allowed: [String]
    /// The cluster's zone, as the user knows it: what a gateway says by itself is not believed.
    public var zone: String

    /// The zone of nearly all clusters.
    public static let usualZone = "cluster.local"

    /// A request.
    public init(
        image: String, imagePullSecret: String?, leaseDurationSeconds: Int, timeout: Duration, allowed: [String],
        zone: String = Self.usualZone
    ) {
        self.zone = zone
        self.image = image
        self.imagePullSecret = imagePullSecret
        self.leaseDurationSeconds = leaseDurationSeconds
        self.timeout = timeout
        self.allowed = allowed
    }
}
