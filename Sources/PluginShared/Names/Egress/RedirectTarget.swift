/// Which connections are redirected to the gateway.
public struct RedirectTarget: Hashable, Sendable {
    /// The address.
    public let address: IPv4Address
    /// The only port; `nil` for all.
    public let port: Int?

    /// A target.
    public init(address: IPv4Address, port: Int? = nil) {
        self.address = address
        self.port = port
    }
}

extension EgressPolicy {
    /// What a response of the cluster's resolver makes a target on this side: what the gateway would connect to, and
    /// nothing that it would not, since that may be reached in another way.
    ///
    /// - Parameter now: Monotonic time, as for ``learn(_:now:)``.
    public func targets(of response: DNSMessage, now: Duration) -> [RedirectTarget] {
        guard response.isResponse, let resolved = ResolvedName(response) else { return [] }
        let addresses = resolved.addresses.compactMap { address -> IPv4Address? in
            guard case .v4(let number) = address, self.standingRefusal(of: address) == nil else { return nil }
            return number
        }
        if resolved.names.allSatisfy({ $0.isWithin(self.zone) }) {
            let known = Set(self.clusterAddresses(of: resolved, now: now))
            return addresses.filter { known.contains(IPAddress($0)) }.map { RedirectTarget(address: $0) }
        }
        let rules = self.rules.filter { resolved.names.contains(where: $0.covers) }
        return rules.flatMap { rule in addresses.map { RedirectTarget(address: $0, port: rule.port) } }
    }
}
