/// A controller pod's configuration, in its environment, as one JSON text. What is here no Lease can change.
public struct ControllerConfiguration: JSONText, Sendable, Equatable {
    /// The environment variable with this value as JSON. Its presence makes the pod a controller.
    public static let variable = "KUBECTL_TUNNEL_CONTROLLER"

    /// The namespace: the only one that it looks at.
    public var namespace: String
    /// The Services that may be intercepted; `nil` for all of the namespace.
    public var services: [String]?
    /// The proxies' image.
    public var image: String
    /// The Secret with the registry's credentials; `nil` for none.
    public var imagePullSecret: String?

    /// The whole configuration.
    public init(namespace: String, services: [String]?, image: String, imagePullSecret: String?) {
        self.namespace = namespace
        self.services = services
        self.image = image
        self.imagePullSecret = imagePullSecret
    }
}
