import CRelease
public import Requests

/// A proxy pod's configuration, in its environment, as one JSON text.
public struct ProxyConfiguration: JSONText, Sendable, Equatable {
    /// The environment variable with this value as JSON.
    public static let variable = "KUBECTL_TUNNEL_CONFIGURATION"

    /// This project's version, the same for plugin and proxy.
    public static let softwareVersion = String(cString: release_version())
    /// The image that belongs to this version, by its digest where it was released.
    public static let defaultImage = defaultTag + String(cString: release_image_digest())

    private static let defaultTag = "ghcr.io/kubectl-tunnel/proxy:\(softwareVersion)"

    /// What the released image was built for, as nodes are labelled (`kubernetes.io/arch`).
    static let defaultArchitecture = "amd64"

    /// Whether an image is this version's. The proxy itself does not know the digest of the image that it is in.
    public static func isDefault(image: String) -> Bool {
        image == self.defaultTag || image.hasPrefix(self.defaultTag + "@")
    }

    /// The namespace.
    public var namespace: String
    /// The Service.
    public var service: String
    /// `USER/HOST/SESSION`.
    public var holder: String
    /// The public key of the session's laptop.
    public var publicKey: String
    /// Which requests of its ports come to it; `nil` for whole connections.
    public var rule: RequestRule?
    /// Whether these say who called.
    public var tellsCaller: Bool
    /// The Service's ports of which copies come to it; `nil` for a session that has ports.
    public var mirrored: [Int]?
    /// The Lease's duration in seconds.
    public var leaseDurationSeconds: Int
    /// The listeners.
    public var listeners: [PortPlan.Listener]
    /// The origin Service's address: numeric, so that the pod needs no DNS.
    public var originHost: String
    /// The port of the tunnel.
    public var tunnelPort: Int
    /// The port of the metrics.
    public var metricsPort: Int
    /// Whether this pod may restore the Service; otherwise only the plugin does.
    public var restores: Bool
    /// Whether EndpointSlices are v1beta1 here.
    public var usesBetaSlices: Bool

    /// The whole configuration.
    public init(
        namespace: String, service: String, holder: String, publicKey: String, rule: RequestRule? = nil,
        tellsCaller: Bool = true, leaseDurationSeconds: Int, listeners: [PortPlan.Listener], originHost: String,
        tunnelPort: Int, metricsPort: Int, restores: Bool, usesBetaSlices: Bool
    ) {
        self.namespace = namespace
        self.service = service
        self.holder = holder
        self.publicKey = publicKey
        self.rule = rule
        self.tellsCaller = tellsCaller
        self.leaseDurationSeconds = leaseDurationSeconds
        self.listeners = listeners
        self.originHost = originHost
        self.tunnelPort = tunnelPort
        self.metricsPort = metricsPort
        self.restores = restores
        self.usesBetaSlices = usesBetaSlices
    }

    /// Has the session get copies only. No listener is its own then, also for a proxy that does not know of mirrors.
    mutating func takeAsMirrored() {
        self.mirrored = self.listeners.filter { $0.localPort != nil }.flatMap(\.servicePorts)
        for index in self.listeners.indices { self.listeners[index].localPort = nil }
    }

    /// Reads the environment variable's value; `nil` when it is not valid, or a port is none.
    public init?(json: String) {
        guard let value = Self.decoded(json) else { return nil }
        let ports =
            value.listeners.flatMap { [$0.listenPort, $0.servicePort] } + [value.tunnelPort, value.metricsPort]
        guard ports.allSatisfy(PortPlan.numbers.contains) else { return nil }
        self = value
    }
}
