/// How `up` makes names reach the cluster here: a decision on facts.
enum ResolverChoice: Hashable, Sendable {
    /// By this machine's resolver and the kernel.
    case resolver(KnownResolver)
    /// By a local proxy; why not by the resolver, in one line.
    case proxy(because: String)
    /// Not at all: what is the matter, and what to do.
    case refusal(String, hint: String)

    /// The choice for a mode that was asked for.
    static func of(_ mode: UpCommand.Mode, _ facts: MachineFacts) -> ResolverChoice {
        if mode == .proxy { return .proxy(because: "it was asked for") }
        if let obstacle = Self.obstacle(facts) {
            return mode == .auto
                ? .proxy(because: obstacle.reason)
                : .refusal("resolver mode is not possible here: \(obstacle.reason)", hint: obstacle.hint)
        }
        let running = KnownResolver.allCases.filter { facts.resolvers[$0] != nil }
        if let asked = running.first(where: { facts.resolvers[$0] == true }) { return .resolver(asked) }
        // A user who insists may know better: the probe after the set-up decides.
        if mode == .resolver, let first = running.first { return .resolver(first) }
        return .proxy(because: "programs here do not ask \(running.first?.rawValue ?? "it")")
    }

    private static func obstacle(_ facts: MachineFacts) -> (reason: String, hint: String)? {
        let proxy = "or use --mode proxy"
        guard facts.isRoot else {
            return ("it takes root", "run it with sudo and --kubeconfig; \(proxy)")
        }
        guard !facts.resolvers.isEmpty else {
            let all = KnownResolver.allCases.map(\.rawValue).joined(separator: " nor ")
            return ("neither \(all) runs", "start systemd-resolved; \(proxy), or `kubectl tunnel-dns exec`")
        }
        guard facts.hasLinks else {
            return ("/dev/net/tun is missing", "load the kernel's module tun; \(proxy)")
        }
        switch facts.nft {
        case .missing: return ("nft is missing", "install the package nftables; \(proxy)")
        case .withoutOwners:
            return (
                "nft or the kernel knows no tables that go with their process",
                "it takes nftables 1.0 and Linux 5.12; \(proxy)"
            )
        case .withOwners: return nil
        }
    }
}
