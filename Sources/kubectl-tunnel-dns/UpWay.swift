/// How a session is to make names reach the cluster.
enum UpWay: Hashable, Sendable {
    /// By this machine's resolver; by the proxy instead, on its port, when that does not work and nobody insists.
    case resolver(KnownResolver, orProxyOn: Int?)
    /// By the proxy on this port; 0 for a free one.
    case proxy(port: Int)

    /// The proxy's port, where it comes to that.
    var proxyPort: Int {
        switch self {
        case .resolver(_, let port): port ?? 0
        case .proxy(let port): port
        }
    }
}
