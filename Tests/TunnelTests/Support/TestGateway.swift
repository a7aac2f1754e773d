import NIOCore
import NIOPosix
import Testing

@testable import Tunnel

/// Decisions as a test wants them.
struct TestDecisions: GatewayDecisions {
    let loop: any EventLoop
    var ports: [String: Int] = [:]
    var answer: @Sendable (ByteBuffer) -> EventLoopFuture<ByteBuffer>

    init(loop: any EventLoop, ports: [String: Int]) {
        self.loop = loop
        self.ports = ports
        self.answer = { loop.makeSucceededFuture($0) }
    }

    func addresses(for route: String) -> EventLoopFuture<[SocketAddress]> {
        guard let port = self.ports[route], let address = try? SocketAddress(ipAddress: "127.0.0.1", port: port) else {
            return self.loop.makeFailedFuture(StreamRefusal(status: 403, reason: "no \(route)\n"))
        }
        return self.loop.makeSucceededFuture([address])
    }

    func answer(_ message: ByteBuffer) -> EventLoopFuture<ByteBuffer> { self.answer(message) }
}

/// Both ends of a gateway over loopback, and a local port whose connections go to the route `web:80`.
struct TestGateway {
    let gateway: GatewayEnd
    let client: GatewayClient
    let port: Int

    static func with(
        ports: [String: Int], answer: (@Sendable (ByteBuffer) -> EventLoopFuture<ByteBuffer>)? = nil,
        _ body: (TestGateway) async throws -> Void
    ) async throws {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        var decisions = TestDecisions(loop: loop, ports: ports)
        if let answer { decisions.answer = answer }
        let identity = LaptopIdentity(session: "s1", key: TunnelKey(), software: "0.1.0")
        let gateway = GatewayEnd(
            identity: PodIdentity(software: "0.1.0"),
            session: PodSession(id: "s1", key: identity.key.publicKey, routes: []), tunnelPort: 0,
            decisions: decisions, timing: TestTunnel.patient, loop: loop,
            logger: TestTunnel.logger)
        try await gateway.start()
        let client = try await GatewayClient.connect(
            host: "127.0.0.1", port: await gateway.boundTunnelPort(), identity: identity, timeout: .seconds(10),
            timing: TestTunnel.patient, loop: loop, logger: TestTunnel.logger)
        let listener = try await GatewayConnection.listener(on: loop) { channel in
            let held = HeldInput()
            client.open("web:80", caller: "test") { result in
                switch result {
                case .success(let connection): try? connection.join(channel, held: held)
                case .failure: channel.close(promise: nil)
                }
            }
            return channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(held) }
        }.bind(host: "127.0.0.1", port: 0).get()
        try await body(TestGateway(gateway: gateway, client: client, port: listener.localAddress?.port ?? 0))
        try await listener.close()
        await client.close()
        await gateway.shutdown()
    }

    /// Asks for a route, and says how it was refused.
    func refusal(of route: String) async -> StreamRefusal? {
        let promise = self.client.eventLoop.makePromise(of: StreamRefusal?.self)
        self.client.eventLoop.execute {
            self.client.open(route, caller: "test") { result in
                switch result {
                case .success(let connection):
                    connection.abandon()
                    promise.succeed(nil)
                case .failure(let refusal): promise.succeed(refusal)
                }
            }
        }
        return try? await promise.futureResult.get()
    }
}
