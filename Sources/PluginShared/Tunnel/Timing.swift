/// Every interval the tunnel goes by. The defaults are the product's; tests shorten them.
public struct Timing: Sendable {
    /// How often each end sends a PING: 1 s, so that a proxy that is lost with its node is missed within 1.5 s.
    public var pingInterval: Duration = .seconds(1)
    /// The least time for which a PING may go unanswered, and no other byte come, before the laptop finds the link suspect: 0.5 s.
    public var pingTimeout: Duration = .milliseconds(500)
    /// How long the link may go without an acknowledgement, or any other byte, before it is dead: 8 s.
    public var deadAfter: Duration = .seconds(8)
    /// The least time a CONNECT waits for its answer before the link is suspect: 1 s. While other bytes keep coming it
    /// waits up to five times as long.
    public var suspectAfter: Duration = .seconds(1)
    /// The same in round trips, for links slower than `suspectAfter` allows: 4.
    public var suspectRoundTrips: Int = 4
    /// How long an unauthenticated connection may take over the handshake: 5 s.
    public var handshakeLimit: Duration = .seconds(5)
    /// How long a refused or replaced connection is read on to its end before it is closed: 60 s.
    public var lingerLimit: Duration = .seconds(60)
    /// How long the laptop waits for the local process to accept: 5 s.
    public var localConnectLimit: Duration = .seconds(5)
    /// How long the pod waits for an original pod to accept: 5 s.
    public var originConnectLimit: Duration = .seconds(5)
    /// How often drains and endings are looked at: 10 ms, the shortest silence that counts as quiet.
    public var drainTick: Duration = .milliseconds(10)
    /// How long a drained connection waits for the FINs of the others: 1 s.
    public var endingLimit: Duration = .seconds(1)

    /// The product's intervals.
    public init() {}
}
