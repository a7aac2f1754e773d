import NIOCore

/// One end of a tunnel, as it lives on its event loop.
protocol TunnelCore: AnyObject, SendableMetatype {}

/// An end in a pod.
protocol ListeningCore: TunnelCore {
    /// The link to the laptop of each session that has one.
    var links: [String: TunnelLink] { get }
    /// Binds its ports.
    func start() -> EventLoopFuture<Void>
    /// The tunnel port that was bound; 0 before.
    var boundTunnelPort: Int { get }
    /// Closes its ports, and ends the link.
    func shutdown() -> EventLoopFuture<Void>
}

/// An end on a laptop.
protocol DiallingCore: TunnelCore {
    /// The link to the pod; `nil` while there is none.
    var link: TunnelLink? { get }
    /// Dials kubectl's local port, proves who we are, starts HTTP/2, and waits for the first PING to come back.
    func connect(host: String, port: Int, identity: LaptopIdentity, timeout: Duration) -> EventLoopFuture<Void>
}
