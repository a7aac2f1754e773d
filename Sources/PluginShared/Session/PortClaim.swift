public import Kubernetes
import Requests

/// A session's claim to ports of its Service, as its Lease carries it: who has a port is decided by the Leases alone.
public struct PortClaim: Sendable, Equatable {
    /// Whose it is.
    public let holder: Holder
    /// The Service's ports; `nil` where the Lease does not say, which stands for all.
    let ports: Set<Int>?
    /// The text of its rule, where it wants some requests of them; `nil` for whole connections.
    let rule: String?
    /// Whether it wants copies only, of which everybody can have some.
    let isMirror: Bool
    /// Whether the proxy has given it its ports. Such a claim never loses to one that has none yet.
    let isEstablished: Bool
    /// When the API server created the Lease: a whole second, RFC 3339 in UTC.
    let since: String
    let uid: String

    /// The claim of a Lease; `nil` for one that has none: its holder cannot be read, or its session is over.
    public init?(_ lease: Lease) {
        guard let holder = lease.holder, !lease.isOver else { return nil }
        self.holder = holder
        self.isMirror = lease.isMirror
        let summary = lease.portSummary
        let ports = summary.split(separator: " ").compactMap { $0.split(separator: ":").first.flatMap { Int($0) } }
        self.ports = ports.isEmpty ? nil : Set(ports)
        self.rule = lease.metadata.annotation(Key.rule)
        self.isEstablished = lease.metadata.annotation(Key.state) != nil
        self.since = lease.metadata.creationTimestamp ?? ""
        self.uid = lease.metadata.uid ?? ""
    }

    /// Whether it wants one of these ports, and the same of it: whole connections, or the requests of the same rule. Different
    /// rules go beside each other, and beside one session that has whole connections; mirrors beside everything.
    public func rivals(_ wish: PortWish) -> Bool {
        guard !self.isMirror, !wish.isMirror, self.rule == wish.rule?.text else { return false }
        return self.ports.map { !$0.isDisjoint(with: wish.ports) } ?? true
    }

    /// Whether it has what both want.
    public func precedes(_ other: PortClaim) -> Bool {
        if self.isEstablished != other.isEstablished { return self.isEstablished }
        return (self.since, self.uid) < (other.since, other.uid)
    }
}
