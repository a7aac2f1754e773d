/// What a gateway connects to: decided on addresses, after names were resolved. A value: answers in, verdicts out.
///
/// The cluster's own is what the cluster's resolver returned lately for names in its zone, without an alias that leads
/// out of it; anything else takes a rule. Some addresses are refused whatever the rules say.
public struct EgressPolicy: Sendable {
    /// Why a connection is refused.
    public enum Refusal: Hashable, Sendable, CustomStringConvertible {
        /// Loopback, link-local, multicast, broadcast or unspecified.
        case reserved(IPAddress.Reserved)
        /// The gateway's own address.
        case gateway
        /// An address of the gateway's node.
        case node
        /// An address of the API server.
        case apiServer
        /// The name is the cluster's, but stands for this one elsewhere.
        case leavesCluster(String)
        /// Neither the cluster's nor allowed.
        case outside

        /// One line, lowercase, without a period.
        public var description: String {
            switch self {
            case .reserved(let kind): "the gateway does not connect to \(kind.rawValue) addresses"
            case .gateway: "the gateway does not connect to itself"
            case .node: "the gateway does not connect to its node"
            case .apiServer: "the gateway does not connect to the API server"
            case .leavesCluster(let name): "the name leads out of the cluster, to \(name): allow that with --allow"
            case .outside: "not an address of the cluster, as far as its names say: allow it with --allow"
            }
        }
    }

    /// Addresses that a gateway never connects to.
    public struct Forbidden: Sendable {
        /// The gateway's own.
        public var gateway: Set<IPAddress>
        /// The node's.
        public var node: Set<IPAddress>
        /// The API server's: its Service's, and those behind it.
        public var apiServer: Set<IPAddress>

        /// Those addresses.
        public init(gateway: Set<IPAddress> = [], node: Set<IPAddress> = [], apiServer: Set<IPAddress> = []) {
            self.gateway = gateway
            self.node = node
            self.apiServer = apiServer
        }
    }

    /// How long an address stays allowed after the last answer that had it: 15 minutes, since programs keep addresses for
    /// longer than DNS says.
    public static let retention = Duration.seconds(900)
    /// The most addresses that are remembered: 16,384; then the one that was seen the longest ago goes.
    public static let maximumAddresses = 16_384

    let zone: DNSName
    private let forbidden: Forbidden
    let rules: [EgressRule]
    private var seen: [IPAddress: Duration] = [:]
    private var seenByRule: [IPAddress: (rules: Set<EgressRule>, at: Duration)] = [:]

    /// A policy that knows no addresses yet.
    public init(zone: DNSName, forbidden: Forbidden, rules: [EgressRule]) {
        self.zone = zone
        self.forbidden = forbidden
        self.rules = rules
    }

    /// Whether a name is the cluster's, or allowed by a rule.
    public func concerns(_ name: DNSName, port: Int) -> Bool {
        name.isWithin(self.zone) || self.rules.contains { $0.covers(name) && $0.covers(port: port) }
    }

    /// Takes in what the cluster's resolver has answered.
    ///
    /// - Parameter now: Monotonic time since any fixed moment.
    public mutating func learn(_ response: DNSMessage, now: Duration) {
        guard response.isResponse, response.questions.count == 1, let resolved = ResolvedName(response) else { return }
        for address in self.clusterAddresses(of: resolved, now: now) { self.seen[address] = now }
        let rules = self.rules.filter { resolved.names.contains(where: $0.covers) }
        for address in resolved.addresses where !rules.isEmpty {
            self.seenByRule[address] = (
                rules.reduce(into: self.recentRules(for: address, now: now)) { $0.insert($1) }, now
            )
        }
        if self.seen.count > Self.maximumAddresses { Self.forgetOldest(&self.seen) { $0 } }
        if self.seenByRule.count > Self.maximumAddresses { Self.forgetOldest(&self.seenByRule) { $0.at } }
    }

    private static func forgetOldest<Value>(_ seen: inout [IPAddress: Value], _ time: (Value) -> Duration) {
        guard let oldest = seen.min(by: { time($0.value) < time($1.value) })?.key else { return }
        seen[oldest] = nil
    }

    /// Why an address may not be connected to; `nil` when it may.
    ///
    /// - Parameters:
    ///   - resolved: How the name was resolved, when a name was asked for.
    ///   - now: Monotonic time, as for ``learn(_:now:)``.
    public func refusal(
        of address: IPAddress, port: Int, resolved: ResolvedName? = nil, now: Duration
    ) -> Refusal? {
        if let never = self.standingRefusal(of: address) { return never }
        if self.isAllowed(address, port: port, names: resolved?.names ?? [], now: now) { return nil }
        guard let resolved else {
            return self.isOfCluster(address, now: now) ? nil : .outside
        }
        if let stranger = resolved.names.first(where: { !$0.isWithin(self.zone) }) {
            return resolved.names.first?.isWithin(self.zone) == true ? .leavesCluster("\(stranger)") : .outside
        }
        return self.clusterAddresses(of: resolved, now: now).contains(address) ? nil : .outside
    }

    /// The addresses of an answer that are the cluster's.
    ///
    /// A name such as `8-8-8-8.default.pod.cluster.local` is answered with the address that it is made of, whether there is
    /// such a pod or not (CoreDNS, `pods insecure`, which kubeadm sets): it tells nothing that is not known already.
    func clusterAddresses(of resolved: ResolvedName, now: Duration) -> [IPAddress] {
        guard resolved.names.allSatisfy({ $0.isWithin(self.zone) }) else { return [] }
        guard resolved.names.contains(where: self.isMadeOfAddress) else { return resolved.addresses }
        return resolved.addresses.filter { self.isOfCluster($0, now: now) }
    }

    private func isMadeOfAddress(_ name: DNSName) -> Bool {
        guard let pods = try? DNSName("pod.\(self.zone)") else { return true }
        return name.isWithin(pods)
    }

    /// Why an address may not be connected to, whatever names and rules say; `nil` when they decide.
    func standingRefusal(of address: IPAddress) -> Refusal? {
        if let kind = address.reserved { return .reserved(kind) }
        if self.forbidden.gateway.contains(address) { return .gateway }
        if self.forbidden.apiServer.contains(address) { return .apiServer }
        if self.forbidden.node.contains(address) { return .node }
        return nil
    }

    private func isOfCluster(_ address: IPAddress, now: Duration) -> Bool {
        self.seen[address].map { now - $0 <= Self.retention } ?? false
    }

    private func isAllowed(_ address: IPAddress, port: Int, names: [DNSName], now: Duration) -> Bool {
        let direct = self.rules.contains { rule in
            rule.covers(port: port) && (rule.covers(address) || names.contains(where: rule.covers))
        }
        if direct { return true }
        return self.recentRules(for: address, now: now).contains { $0.covers(port: port) }
    }

    private func recentRules(for address: IPAddress, now: Duration) -> Set<EgressRule> {
        guard let (rules, at) = self.seenByRule[address], now - at <= Self.retention else { return [] }
        return rules
    }
}
