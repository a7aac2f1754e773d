/// The names of the annotations and labels that this project writes.
public enum Key {
    /// On everything that belongs to a tunnel, and on the Service while it is switched: the identifier of the session that
    /// made the tunnel, which is the tunnel's. On a Lease: that of its own session.
    public static let session = "kubectl-tunnel/session"
    /// On a session's objects: the Service it intercepts.
    public static let service = "kubectl-tunnel/service"
    /// On a session's objects: which part it is.
    public static let component = "kubectl-tunnel/component"
    /// On the Service while it is switched: its own selector, as JSON with sorted keys.
    public static let originalSelector = "kubectl-tunnel/original-selector"
    /// On the Service while it is switched: present when `publishNotReadyAddresses` was set by the switch.
    public static let publishesNotReady = "kubectl-tunnel/publishes-not-ready"
    /// On the origin Service: the Service's managedFields before the switch, as JSON.
    public static let originalManagedFields = "kubectl-tunnel/original-managed-fields"
    /// On the proxy's Deployment: the origin Service's address, which the proxy knows it by.
    public static let originAddress = "kubectl-tunnel/origin-address"
    /// On an installation: the Services that it is for, with commas; `*` for all.
    public static let services = "kubectl-tunnel/services"
    /// On the Lease: the Service's uid.
    public static let serviceUID = "kubectl-tunnel/service-uid"
    /// On the Lease: the ports, as `80:8080 metrics:9090`.
    public static let ports = "kubectl-tunnel/ports"
    /// On the Lease of a session that wants copies only, in the place of ``ports``: the same. A proxy that does not know of mirrors
    /// finds no port for it, rather than one to take whole.
    public static let mirror = "kubectl-tunnel/mirror"
    /// On the Lease: which requests of its ports come to the session, where not whole connections do; a `RequestRule`'s text.
    public static let rule = "kubectl-tunnel/rule"
    /// On the Lease: present when these do not say who called.
    public static let noForwardedHeaders = "kubectl-tunnel/no-forwarded-headers"
    /// On the Lease: the public key of the session's laptop, as 64 hexadecimal digits.
    public static let publicKey = "kubectl-tunnel/public-key"
    /// On the Lease, by the proxy: its own.
    public static let proxyKey = "kubectl-tunnel/proxy-key"
    /// On the Lease: the tunnel that its session has joined.
    public static let tunnel = "kubectl-tunnel/tunnel"
    /// On the Lease, by whoever ends its session: it has no port any more, and the tunnel may end without it.
    public static let leaving = "kubectl-tunnel/leaving"
    /// On the origin Service: the session that ends the tunnel. Nobody joins it any more.
    public static let endedBy = "kubectl-tunnel/ended-by"
    /// On the Lease, and on the origin Service of a tunnel that others may join: the version of plugin, proxy and controller's protocol.
    public static let version = "kubectl-tunnel/version"
    /// On the Lease, by the in-cluster side, on change only: see ``SessionState``.
    public static let state = "kubectl-tunnel/state"
    /// On the Lease, by the proxy, now and then: see ``SessionTraffic``.
    public static let traffic = "kubectl-tunnel/traffic"
    /// On the Lease, by `kubectl tunnel stop`: who wants the session to end.
    public static let stopRequestedBy = "kubectl-tunnel/stop-requested-by"
    /// On the Lease, by `kubectl tunnel intercept --take-over`: who wants the Service next.
    public static let takeOverRequestedBy = "kubectl-tunnel/take-over-requested-by"
    /// On the Lease, by its plugin: the proxy does not answer it, while the API server does.
    public static let silent = "kubectl-tunnel/silent"
    /// On the Lease, by its plugin: who has left the session's end to the proxy.
    public static let handedOverBy = "kubectl-tunnel/handed-over-by"
    /// On the Lease, by a plugin whose user may not do it: see ``ControllerOrder``.
    public static let order = "kubectl-tunnel/order"
    /// On the Lease, by the controller: see ``ControllerAnswer``.
    public static let answer = "kubectl-tunnel/answer"
}

/// What the in-cluster side last said of a session, in the Lease's annotation ``Key/state``.
public enum SessionState: String, Sendable, Equatable, CaseIterable {
    /// The laptop answers.
    case active
    /// The laptop answers, and its process does not; traffic goes to the original pods, through the proxy.
    case localDown = "local-down"
    /// The laptop does not answer; traffic goes to the original pods, through the proxy.
    case passingThrough = "passing-through"
    /// The Lease ran out; the Service was restored.
    case expired
    /// The two copies of the original selector differ: traffic passes through until a person says which is right.
    case uncertain
    /// The proxy pod was asked to terminate; the Service was restored until another pod is ready.
    case terminating
}
