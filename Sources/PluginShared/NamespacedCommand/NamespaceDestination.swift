import Names

/// Where a connection out of the namespace goes.
enum NamespaceDestination: Hashable, Sendable {
    /// This machine's own loopback.
    case loopback
    /// The cluster, by the gateway.
    case cluster
    /// Wherever this machine gets to by itself.
    case machine

    /// How to connect to an address, by the names that were looked up.
    ///
    /// - Parameter now: Monotonic time, as the policy's.
    init(_ address: IPAddress, port: Int, policy: EgressPolicy, now: Duration) {
        switch policy.refusal(of: address, port: port, now: now) {
        case .reserved(.loopback): self = .loopback
        case nil: self = .cluster
        default: self = .machine
        }
    }
}
