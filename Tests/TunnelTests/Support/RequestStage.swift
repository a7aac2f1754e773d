import NIOPosix
import Requests
import Testing

@testable import Tunnel

/// A pod with one port, the originals, and a laptop for each name.
final class RequestStage {
    let pod: PodEnd
    let events: EventLog<PodEvent>
    /// Where callers connect to.
    let port: Int
    private(set) var laptops: [String: LaptopEnd] = [:]
    let tunnelPort: Int
    private var sessions: [PodSession] = []

    private init(origin: Int) async throws {
        let port = ProxyPort(listenPort: 0, route: "web:80", originHost: "127.0.0.1", originPort: origin)
        self.pod = PodEnd(
            identity: PodIdentity(software: "0.1.0"), sessions: [], ports: [port], tunnelPort: 0,
            timing: TestTunnel.patient, group: MultiThreadedEventLoopGroup.singleton, logger: TestTunnel.logger)
        try await self.pod.start()
        self.events = EventLog(self.pod.events)
        self.port = await self.pod.boundPorts()[0]
        self.tunnelPort = await self.pod.boundTunnelPort()
    }

    /// - Parameters:
    ///   - origin: The originals' port.
    ///   - laptops: Names, and the ports of the processes there.
    static func with(
        origin: Int, _ laptops: [(name: String, port: Int)] = [], _ body: (RequestStage) async throws -> Void
    ) async throws {
        let stage = try await RequestStage(origin: origin)
        for laptop in laptops { try await stage.join(laptop.name, port: laptop.port) }
        let result: Result<Void, any Error>
        do { result = .success(try await body(stage)) } catch { result = .failure(error) }
        for laptop in stage.laptops.values { await laptop.close() }
        await stage.pod.shutdown()
        try result.get()
    }

    /// A laptop whose rule is `x-user: NAME`; one that is called `whole` has all connections.
    func join(_ name: String, port: Int, tellsCaller: Bool = true) async throws {
        try await self.join(
            name, port: port, user: name == "whole" ? nil : name, isMirror: false, tellsCaller: tellsCaller)
    }

    /// A laptop that has, or gets copies of, the requests of a user, or all connections.
    ///
    /// - Parameters:
    ///   - port: Where its process listens.
    ///   - through: Where its plugin connects to; `nil` for the pod.
    @discardableResult
    func join(
        _ name: String, port: Int, user: String?, isMirror: Bool, tellsCaller: Bool = true, through: Int? = nil
    ) async throws -> LaptopEnd {
        let identity = LaptopIdentity(session: name, key: TunnelKey(), software: "0.1.0")
        let rule = try user.map { try RequestRule([RequestCondition(.header, "x-user=\($0)")]) }
        self.sessions.append(
            PodSession(
                id: name, key: identity.key.publicKey, routes: ["web:80"], rule: rule, tellsCaller: tellsCaller,
                isMirror: isMirror))
        await self.pod.set(self.sessions)
        let end = try await LaptopEnd.connect(
            host: "127.0.0.1", port: through ?? self.tunnelPort, identity: identity,
            targets: ["web:80": LocalTarget(host: "127.0.0.1", port: port)], timeout: .seconds(10),
            timing: TestTunnel.patient, group: MultiThreadedEventLoopGroup.singleton, logger: TestTunnel.logger)
        #expect(await self.events.wait(for: .linkUp(session: name)))
        self.laptops[name] = end
        return end
    }

    /// The session is over; its laptop still is there.
    func leave(_ name: String) async {
        self.sessions.removeAll { $0.id == name }
        await self.pod.set(self.sessions)
    }
}
