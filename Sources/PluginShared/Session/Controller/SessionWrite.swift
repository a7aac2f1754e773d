/// A write that a session takes beside its Lease. The plugin does it where the user may; otherwise the controller
/// does. Each is a state to be reached: doing it twice is doing it once.
public enum SessionWrite: Sendable, Equatable, Codable {
    /// The origin Service and the warm-up Service.
    case createHelpers
    /// The proxy's Deployment.
    case createProxy
    /// The origin Service, created again under the address that the proxy knows it by, as its Deployment says.
    case bringOriginBack
    /// The warm-up Service counts pods so.
    case count(WarmUpCount)
    /// The Service leads to the proxy.
    case switchService(publishNotReady: Bool)
    /// The Service keeps a proxy pod that is being deleted.
    case keepEndingPods
    /// The Service leads to its own pods, while the session continues.
    case restore(RestoreCause)
    /// The same at the session's end, and nobody joins the tunnel any more; not while others have it, unless it is to end
    /// with them.
    case end(RestoreCause, withOthers: Bool)
    /// Nothing is left of the session in a tunnel that others have.
    case leave
    /// Nothing is left of the tunnel.
    case cleanUp(isDrained: Bool)

    /// Whether the session's Lease goes with it.
    public var isLast: Bool {
        switch self {
        case .leave, .cleanUp: true
        case .createHelpers, .createProxy, .bringOriginBack, .count, .switchService, .keepEndingPods, .restore, .end:
            false
        }
    }
}
