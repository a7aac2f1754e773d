/// A kind of object by its place in the API, and the Swift type that is read from it.
public struct ResourceType<Object: Codable & Sendable>: Sendable {
    /// `/api/v1` or `/apis/GROUP/VERSION`.
    public let prefix: String
    /// The plural name, as in the path.
    public let plural: String

    /// A kind of object.
    public init(prefix: String, plural: String) {
        self.prefix = prefix
        self.plural = plural
    }

    /// The same objects, of which only the metadata is read.
    public var metadataOnly: ResourceType<PartialObject> {
        ResourceType<PartialObject>(prefix: self.prefix, plural: self.plural)
    }

    /// The path of the collection, or of one object in it, in a namespace or (`nil`) in all.
    public func path(namespace: String?, name: String? = nil) -> String {
        let place = namespace.map { "\(self.prefix)/namespaces/\($0)" } ?? self.prefix
        return name.map { "\(place)/\(self.plural)/\($0)" } ?? "\(place)/\(self.plural)"
    }
}

extension ResourceType where Object == Service {
    /// Services.
    public static var services: Self { Self(prefix: "/api/v1", plural: "services") }
}

extension ResourceType where Object == Lease {
    /// Leases.
    public static var leases: Self { Self(prefix: "/apis/coordination.k8s.io/v1", plural: "leases") }
}

extension ResourceType where Object == Pod {
    /// Pods.
    public static var pods: Self { Self(prefix: "/api/v1", plural: "pods") }
}

extension ResourceType where Object == Deployment {
    /// Deployments.
    public static var deployments: Self { Self(prefix: "/apis/apps/v1", plural: "deployments") }
}

extension ResourceType where Object == EndpointSlice {
    /// EndpointSlices; v1 came with Kubernetes 1.21.
    public static func endpointSlices(on version: ServerVersion) -> Self {
        Self.endpointSlices(beta: !version.isAtLeast(minor: 21))
    }

    /// EndpointSlices in version v1beta1 or v1.
    public static func endpointSlices(beta: Bool) -> Self {
        Self(prefix: "/apis/discovery.k8s.io/\(beta ? "v1beta1" : "v1")", plural: "endpointslices")
    }
}

extension ResourceType where Object == PartialObject {
    /// ReplicaSets.
    public static var replicaSets: Self { Self(prefix: "/apis/apps/v1", plural: "replicasets") }
    /// Namespaces, which are in none.
    public static var namespaces: Self { Self(prefix: "/api/v1", plural: "namespaces") }
    /// Events, as `kubectl describe` shows them.
    public static var events: Self { Self(prefix: "/apis/events.k8s.io/v1", plural: "events") }
    /// ServiceAccounts.
    public static var serviceAccounts: Self { Self(prefix: "/api/v1", plural: "serviceaccounts") }
    /// Roles.
    public static var roles: Self { Self(prefix: "/apis/rbac.authorization.k8s.io/v1", plural: "roles") }
    /// RoleBindings.
    public static var roleBindings: Self {
        Self(prefix: "/apis/rbac.authorization.k8s.io/v1", plural: "rolebindings")
    }
}

extension ResourceType where Object == NetworkPolicy {
    /// NetworkPolicies.
    public static var networkPolicies: Self {
        Self(prefix: "/apis/networking.k8s.io/v1", plural: "networkpolicies")
    }
}
