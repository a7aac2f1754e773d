import NIOCore
import Names
import Tunnel

/// Resolves what a laptop asks for, and has `EgressPolicy` decide on the addresses. Lives on one event loop.
final class ClusterEgress {
    private let loop: any EventLoop
    private let relay: NameRelay
    private let resolver: ResolverConfiguration
    private var policy: EgressPolicy
    private let start = ContinuousClock.now

    init(loop: any EventLoop, relay: NameRelay, resolver: ResolverConfiguration, policy: EgressPolicy) {
        self.loop = loop
        self.relay = relay
        self.resolver = resolver
        self.policy = policy
    }

    private var now: Duration { ContinuousClock.now - self.start }

    /// The answer to a DNS message, whose addresses may be connected to from then on.
    func answer(_ message: ByteBuffer) -> EventLoopFuture<ByteBuffer> {
        self.relay.query(message).assumeIsolated().map { answer in
            if let response = try? DNSMessage(decoding: Array(answer.readableBytesView)) {
                self.policy.learn(response, now: self.now)
            }
            return answer
        }.nonisolated()
    }

    /// The addresses that may be dialled for a route.
    func addresses(for route: String) -> EventLoopFuture<[SocketAddress]> {
        guard let route = EgressRoute(route) else { return self.refuse(400, "expected HOST:PORT") }
        if let address = IPAddress(route.host) {
            return self.decide([address], route: route, resolved: nil)
        }
        let candidates = self.resolver.candidates(for: route.host).filter { self.policy.concerns($0, port: route.port) }
        return self.resolve(candidates[...], route: route)
    }

    private func resolve(_ candidates: ArraySlice<DNSName>, route: EgressRoute) -> EventLoopFuture<[SocketAddress]> {
        guard let name = candidates.first else {
            guard let asked = try? DNSName(route.host), self.policy.concerns(asked, port: route.port) else {
                return self.refuse(StreamRefusal.outsideStatus, "\(route.host) is not a name of the cluster")
            }
            return self.refuse(404, "the cluster knows no address of \(route.host)")
        }
        return self.lookUp(name, .a).assumeIsolated().flatMap { resolved in
            if let resolved { return self.decide(resolved.addresses, route: route, resolved: resolved) }
            return self.lookUp(name, .aaaa).assumeIsolated().flatMap { resolved in
                if let resolved { return self.decide(resolved.addresses, route: route, resolved: resolved) }
                return self.resolve(candidates.dropFirst(), route: route)
            }.nonisolated()
        }.nonisolated()
    }

    /// What a name stands for; `nil` when it has no addresses.
    private func lookUp(_ name: DNSName, _ type: DNSRecordType) -> EventLoopFuture<ResolvedName?> {
        let query = DNSMessage(id: 0, questions: [DNSQuestion(name: name, type: type)])
        guard let bytes = try? query.encode() else { return self.loop.makeSucceededFuture(nil) }
        return self.answer(ByteBuffer(bytes: bytes)).assumeIsolated().map { answer in
            guard let response = try? DNSMessage(decoding: Array(answer.readableBytesView)),
                let resolved = ResolvedName(response), !resolved.addresses.isEmpty
            else { return nil }
            return resolved
        }.nonisolated()
    }

    private func decide(
        _ addresses: [IPAddress], route: EgressRoute, resolved: ResolvedName?
    ) -> EventLoopFuture<[SocketAddress]> {
        var refusal: EgressPolicy.Refusal?
        var allowed: [SocketAddress] = []
        for address in addresses {
            if let reason = self.policy.refusal(of: address, port: route.port, resolved: resolved, now: self.now) {
                refusal = refusal ?? reason
            } else if let socket = try? SocketAddress(ipAddress: address.description, port: route.port) {
                allowed.append(socket)
            }
        }
        guard allowed.isEmpty else { return self.loop.makeSucceededFuture(allowed.shuffled()) }
        let status = refusal == .outside ? StreamRefusal.outsideStatus : 403
        return self.refuse(status, refusal?.description ?? "no address to connect to")
    }

    private func refuse(_ status: Int, _ reason: String) -> EventLoopFuture<[SocketAddress]> {
        self.loop.makeFailedFuture(StreamRefusal(status: status, reason: reason))
    }
}

/// The same, as the tunnel's end asks for it.
struct GatewayEgress: GatewayDecisions {
    let egress: NIOLoopBound<ClusterEgress>

    func addresses(for route: String) -> EventLoopFuture<[SocketAddress]> { self.egress.value.addresses(for: route) }
    func answer(_ message: ByteBuffer) -> EventLoopFuture<ByteBuffer> { self.egress.value.answer(message) }
}
