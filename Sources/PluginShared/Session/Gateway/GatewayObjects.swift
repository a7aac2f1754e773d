public import Kubernetes

/// The objects of a gateway, as values.
///
/// There is no Service to own them, as a proxy's objects have it. Where the gateway has an account, the account owns all
/// others but the Lease. So deleting account and Deployment by name leaves nothing, and a crash between any two creations
/// leaves nothing that a later deletion does not find. (A Deployment made before its account would do, if its first pod were
/// not refused for that. The Lease cannot be the owner: see ``SessionObjects``.)
public struct GatewayObjects: Sendable {
    /// The namespace, whose search list the gateway's pod has.
    public var namespace: String
    /// Who holds the session.
    public var holder: Holder
    /// The public key of its laptop.
    public var publicKey: String
    /// The proxy's image, in which the gateway is.
    public var image: String
    /// The Secret with the registry's credentials; `nil` for none.
    public var imagePullSecret: String?
    /// The Lease's duration in seconds.
    public var leaseDurationSeconds: Int
    /// What is allowed besides the cluster's own.
    public var allowed: [String]
    /// The API server's addresses behind its Service.
    public var apiServers: [String]
    /// Whether the gateway gets an account, so that it can clean up when the laptop is gone.
    public var mayCleanUp: Bool
    /// The names.
    public let names: GatewayNames

    /// The port of the tunnel, on the pod's loopback: any would do, nothing else listens there.
    public static let tunnelPort = 7070

    /// A gateway's objects.
    public init(
        namespace: String, holder: Holder, publicKey: String, image: String, imagePullSecret: String?,
        leaseDurationSeconds: Int, allowed: [String], apiServers: [String], mayCleanUp: Bool
    ) {
        self.namespace = namespace
        self.holder = holder
        self.publicKey = publicKey
        self.image = image
        self.imagePullSecret = imagePullSecret
        self.leaseDurationSeconds = leaseDurationSeconds
        self.allowed = allowed
        self.apiServers = apiServers
        self.mayCleanUp = mayCleanUp
        self.names = GatewayNames(holder: holder)
    }

    /// The Lease that starts the session.
    ///
    /// - Parameter time: Now, as ``MicroTime``; for people.
    public func lease(time: String) -> Lease {
        Lease(
            metadata: ObjectMeta(
                name: self.names.lease, namespace: self.namespace, labels: self.labels(component: "gateway-lease"),
                annotations: [Key.version: SessionObjects.protocolVersion]),
            spec: Lease.Spec(
                holderIdentity: self.holder.description, leaseDurationSeconds: self.leaseDurationSeconds,
                acquireTime: time, renewTime: time))
    }

    /// The gateway's account. It owns its rights, which end with it.
    public func account() -> JSONValue {
        self.object(
            "v1", "ServiceAccount", named: self.names.account, with: ["automountServiceAccountToken": false])
    }

    /// What the gateway may do: see its Lease, and delete itself.
    public func role(accountUID: String) -> JSONValue {
        let rules = [
            RoleRule(
                "coordination.k8s.io", "leases", ["get", "list", "watch", "delete"], names: [self.names.lease]),
            RoleRule("apps", "deployments", ["get", "delete"], names: [self.names.deployment]),
            RoleRule("", "serviceaccounts", ["get", "delete"], names: [self.names.account]),
        ]
        return self.object(
            Manifest.rbac, "Role", named: self.names.account, owner: self.accountOwner(accountUID),
            with: Manifest.rules(rules))
    }

    /// The binding of account and Role.
    public func roleBinding(accountUID: String) -> JSONValue {
        self.object(
            Manifest.rbac, "RoleBinding", named: self.names.account,
            owner: self.accountOwner(accountUID),
            with: Manifest.binding(role: self.names.account, account: self.names.account, in: self.namespace))
    }

    /// The pod's configuration.
    var configuration: GatewayConfiguration {
        GatewayConfiguration(
            namespace: self.namespace, holder: self.holder.description, publicKey: self.publicKey,
            leaseDurationSeconds: self.leaseDurationSeconds, tunnelPort: Self.tunnelPort, allowed: self.allowed,
            apiServers: self.apiServers, mayCleanUp: self.mayCleanUp)
    }

    func labels(component: String) -> [String: String] {
        [Key.session: self.holder.session.description, Key.component: component]
    }

    func accountOwner(_ uid: String) -> OwnerReference {
        OwnerReference(apiVersion: "v1", kind: "ServiceAccount", name: self.names.account, uid: uid)
    }

    func object(
        _ apiVersion: String, _ kind: String, named name: String, owner: OwnerReference? = nil,
        with members: [String: JSONValue]
    ) -> JSONValue {
        Manifest.object(
            apiVersion, kind, named: name, in: self.namespace, labels: self.labels(component: "gateway"),
            annotations: [Key.session: self.holder.session.description], owner: owner, with: members)
    }
}
