public import Kubernetes
public import Requests

/// A session of a tunnel, as the proxy knows it: by its Lease, or by its own environment until that was read.
public struct TunnelMember: Sendable, Equatable {
    /// Whose it is.
    public let holder: Holder
    /// Its Lease's name.
    public private(set) var lease: String
    /// The public key of its laptop, as 64 hexadecimal digits.
    public let publicKey: String
    /// The Service's ports that come to its laptop.
    public private(set) var ports: Set<Int>
    /// Which requests of them do; `nil` for whole connections.
    public let rule: RequestRule?
    /// Whether these say who called.
    public let tellsCaller: Bool
    /// Whether only copies do.
    public let isMirror: Bool
    private var claim: PortClaim?
    private var isEstablished = false

    /// The session that made the tunnel, as its proxy's environment says.
    public init(
        holder: Holder, lease: String, publicKey: String, ports: Set<Int>, rule: RequestRule? = nil,
        tellsCaller: Bool = true, isMirror: Bool = false
    ) {
        self.holder = holder
        self.lease = lease
        self.publicKey = publicKey
        self.ports = ports
        self.rule = rule
        self.tellsCaller = tellsCaller
        self.isMirror = isMirror
        self.claim = nil
    }

    /// A session as its Lease says; `nil` for a Lease that has no claim, or no key.
    public init?(_ lease: Lease) {
        guard let claim = PortClaim(lease), let key = lease.metadata.annotation(Key.publicKey) else { return nil }
        let rule = claim.rule.flatMap { try? RequestRule(text: $0) }
        // A rule that cannot be read is met by no request, rather than by all.
        let ports = claim.rule == nil || rule != nil ? claim.ports ?? [] : []
        self.init(
            holder: claim.holder, lease: lease.metadata.name, publicKey: key, ports: ports, rule: rule,
            tellsCaller: lease.tellsCaller, isMirror: claim.isMirror)
        self.claim = claim
    }

    /// Takes in what the Lease says now. Key and ports stay those that it came with, as long as it has them.
    mutating func take(_ lease: Lease) {
        if lease.isOver { self = self.withoutPorts }
        self.lease = lease.metadata.name
        self.claim = PortClaim(lease) ?? self.claim
    }

    /// It has its ports, whatever its Lease says, and does not lose them.
    mutating func establish() { self.isEstablished = true }

    /// Whether it has a port that both want. A session that made its tunnel was there first, until Leases say more.
    func precedes(_ other: TunnelMember) -> Bool {
        if self.isEstablished != other.isEstablished { return self.isEstablished }
        guard let mine = self.claim else { return other.claim != nil || self.lease < other.lease }
        return other.claim.map(mine.precedes) ?? false
    }

    /// Whether both want the same of a port, which only one can have.
    func rivals(_ other: TunnelMember) -> Bool {
        !self.isMirror && !other.isMirror && self.rule == other.rule && !self.ports.isDisjoint(with: other.ports)
    }

    /// It, without a claim to anything.
    var withoutPorts: TunnelMember {
        var copy = self
        copy.ports = []
        return copy
    }
}
