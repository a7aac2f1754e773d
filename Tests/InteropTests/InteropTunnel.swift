import Logging
import NIOPosix
import Requests
import Testing

@testable import Tunnel

/// A pod's end in front of the originals, and the laptops of users, each of whom has the requests with `x-user: NAME`.
struct InteropTunnel {
    let port: Int

    /// Runs a body with all ends up.
    ///
    /// - Parameter servers: By name; `origin` are the originals, the others are on their user's laptop.
    static func with<Value>(_ servers: [String: Server], _ body: (InteropTunnel) async throws -> Value) async throws
        -> Value
    {
        let origin = try #require(servers["origin"])
        var logger = Logger(label: "interop")
        logger.logLevel = .critical
        // A busy machine is no silent peer.
        var timing = Timing()
        timing.suspectAfter = .seconds(15)
        timing.deadAfter = .seconds(30)
        let group = MultiThreadedEventLoopGroup.singleton
        let pod = PodEnd(
            identity: PodIdentity(software: "0.1.0"), sessions: [],
            ports: [ProxyPort(listenPort: 0, route: "web:80", originHost: "127.0.0.1", originPort: origin.port)],
            tunnelPort: 0, timing: timing, group: group, logger: logger)
        try await pod.start()
        let users = servers.values.filter { $0.name != "origin" }
        let identities = users.map { LaptopIdentity(session: $0.name, key: TunnelKey(), software: "0.1.0") }
        await pod.set(
            try identities.map { identity in
                PodSession(
                    id: identity.session, key: identity.key.publicKey, routes: ["web:80"],
                    rule: try RequestRule([RequestCondition(.header, "x-user=\(identity.session)")]))
            })
        var laptops: [LaptopEnd] = []
        var events = pod.events.makeAsyncIterator()
        let result: Result<Value, any Error>
        do {
            for (user, identity) in zip(users, identities) {
                laptops.append(
                    try await LaptopEnd.connect(
                        host: "127.0.0.1", port: await pod.boundTunnelPort(), identity: identity,
                        targets: ["web:80": LocalTarget(host: "127.0.0.1", port: user.port)], timeout: .seconds(10),
                        timing: timing, group: group, logger: logger))
                while let event = await events.next(), event != .linkUp(session: user.name) {}
            }
            result = .success(try await body(InteropTunnel(port: await pod.boundPorts()[0])))
        } catch {
            result = .failure(error)
        }
        for laptop in laptops { await laptop.close() }
        await pod.shutdown()
        return try result.get()
    }
}
