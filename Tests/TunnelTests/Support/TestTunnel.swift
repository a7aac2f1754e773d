import Logging
import NIOCore
import NIOPosix
import Testing

@testable import Tunnel

/// Both ends over loopback, with one route to one local server and one origin.
struct TestTunnel {
    let pod: PodEnd
    let podEvents: EventLog<PodEvent>
    let port: Int
    let tunnelPort: Int
    let identity: LaptopIdentity
    let timing: Timing

    static let route = "web:80"
    static let logger: Logger = {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        return logger
    }()

    /// The product's intervals, except that a busy machine is not taken for a silent peer.
    static var patient: Timing {
        var timing = Timing()
        timing.suspectAfter = .seconds(15)
        timing.deadAfter = .seconds(30)
        return timing
    }

    /// Starts the pod's end alone.
    static func pod(origin: Int, timing: Timing = TestTunnel.patient, isIntercepted: Bool = true, files: Int = 100_000)
        async throws
        -> TestTunnel
    {
        let identity = LaptopIdentity(session: "s1", key: TunnelKey(), software: "0.1.0")
        let port = ProxyPort(
            listenPort: 0,
            route: TestTunnel.route,
            originHost: "127.0.0.1",
            originPort: origin
        )
        let pod = PodEnd(
            identity: PodIdentity(software: "0.1.0"),
            sessions: [
                PodSession(
                    id: "s1", key: identity.key.publicKey, routes: isIntercepted ? [TestTunnel.route] : [])
            ],
            ports: [port],
            tunnelPort: 0,
            timing: timing,
            files: files,
            group: MultiThreadedEventLoopGroup.singleton,
            logger: TestTunnel.logger
        )
        try await pod.start()
        return TestTunnel(
            pod: pod,
            podEvents: EventLog(pod.events),
            port: await pod.boundPorts()[0],
            tunnelPort: await pod.boundTunnelPort(),
            identity: identity,
            timing: timing
        )
    }

    /// Connects a laptop whose local process listens at a port, and waits until the pod uses it.
    func laptop(
        local: Int, through port: Int? = nil, observation: RequestObservation? = nil
    ) async throws -> LaptopEnd {
        let before = await self.podEvents.events.filter { $0 == .linkUp(session: "s1") }.count
        let end = try await LaptopEnd.connect(
            host: "127.0.0.1",
            port: port ?? self.tunnelPort,
            identity: self.identity,
            targets: [TestTunnel.route: LocalTarget(host: "127.0.0.1", port: local)],
            observation: observation,
            timeout: .seconds(10),
            timing: self.timing,
            group: MultiThreadedEventLoopGroup.singleton,
            logger: TestTunnel.logger
        )
        #expect(await self.podEvents.wait { $0.filter { $0 == .linkUp(session: "s1") }.count > before })
        return end
    }

    /// Runs a body with both ends up, and ends them.
    static func with<Value: Sendable>(
        local: Int,
        origin: Int,
        timing: Timing = TestTunnel.patient,
        _ body: (TestTunnel, LaptopEnd) async throws -> Value
    ) async throws -> Value {
        let tunnel = try await TestTunnel.pod(origin: origin, timing: timing)
        let laptop = try await tunnel.laptop(local: local)
        do {
            let value = try await body(tunnel, laptop)
            await laptop.close()
            await tunnel.pod.shutdown()
            return value
        } catch {
            await laptop.close()
            await tunnel.pod.shutdown()
            throw error
        }
    }
}

/// The loopback suites run one test at a time: they measure, and two of them would starve each other.
@Suite("Over loopback", .serialized, .timeLimit(.minutes(2)))
enum Loopback {}
