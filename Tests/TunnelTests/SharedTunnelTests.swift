import FaultBench
import NIOPosix
import Testing

@testable import Tunnel

extension Loopback {
    /// Several laptops at one pod.
    @Suite("A shared tunnel")
    struct SharedTunnelTests {
        /// A session, and the process behind it.
        private struct Laptop {
            let identity: LaptopIdentity
            let port: Int
            let server: RawServer

            init(_ name: String, port: Int) throws {
                self.identity = LaptopIdentity(session: name, key: TunnelKey(), software: "0.1.0")
                self.port = port
                self.server = try RawServer.keepsAlive(name)
            }

            var session: PodSession {
                PodSession(id: self.identity.session, key: self.identity.key.publicKey, routes: ["web:\(self.port)"])
            }
        }

        /// A pod with two ports.
        private struct Stage {
            let pod: PodEnd
            let events: EventLog<PodEvent>
            let ports: [Int]
            let tunnelPort: Int

            static func with(_ body: (Stage) async throws -> Void) async throws {
                let origin = try RawServer.keepsAlive("origin")
                let ports = (0..<2).map {
                    ProxyPort(listenPort: 0, route: "web:\($0)", originHost: "127.0.0.1", originPort: origin.port)
                }
                let pod = PodEnd(
                    identity: PodIdentity(software: "0.1.0"), sessions: [], ports: ports, tunnelPort: 0,
                    timing: TestTunnel.patient, group: MultiThreadedEventLoopGroup.singleton,
                    logger: TestTunnel.logger)
                try await pod.start()
                let stage = Stage(
                    pod: pod, events: EventLog(pod.events), ports: await pod.boundPorts(),
                    tunnelPort: await pod.boundTunnelPort())
                do {
                    try await body(stage)
                } catch {
                    await pod.shutdown()
                    throw error
                }
                await pod.shutdown()
            }

            func connect(_ laptop: Laptop, key: TunnelKey? = nil) async throws(TunnelError) -> LaptopEnd {
                var identity = laptop.identity
                if let key { identity.key = key }
                let end = try await LaptopEnd.connect(
                    host: "127.0.0.1", port: self.tunnelPort, identity: identity,
                    targets: ["web:\(laptop.port)": LocalTarget(host: "127.0.0.1", port: laptop.server.port)],
                    timeout: .seconds(10), timing: TestTunnel.patient, group: MultiThreadedEventLoopGroup.singleton,
                    logger: TestTunnel.logger)
                #expect(await self.events.wait(for: .linkUp(session: identity.session)))
                return end
            }

            /// Who answers a new connection at a port.
            func who(at port: Int) async throws -> String {
                let number = self.ports[port]
                return try await blocking {
                    let socket = try RawSocket.connect(port: number)
                    defer { socket.close() }
                    return try socket.get()
                }
            }
        }

        @Test("each port goes to the laptop of its session; who joins or leaves disturbs nobody")
        func ports() async throws {
            let (alice, bob) = (try Laptop("alice", port: 0), try Laptop("bob", port: 1))
            try await Stage.with { stage in
                await stage.pod.set([alice.session])
                let first = try await stage.connect(alice)
                #expect(try await stage.who(at: 0) == "alice")
                #expect(try await stage.who(at: 1) == "origin")
                let kept = try await blocking { try RawSocket.connect(port: stage.ports[0]) }
                #expect(try await blocking { try kept.get() } == "alice")

                await stage.pod.set([alice.session, bob.session])
                let second = EventLog(try await stage.connect(bob).events)
                #expect(try await stage.who(at: 0) == "alice")
                #expect(try await stage.who(at: 1) == "bob")
                let leaving = try await blocking { try RawSocket.connect(port: stage.ports[1]) }
                #expect(try await blocking { try leaving.get() } == "bob")

                async let drained: Void = stage.pod.drain(session: "bob", limit: .seconds(10))
                #expect(try await blocking { try leaving.receive().isEmpty })
                leaving.close()
                await drained
                #expect(try await stage.who(at: 1) == "origin")
                await stage.pod.set([alice.session])
                #expect(await second.wait { if case .closed = $0.last { true } else { false } })
                #expect(await stage.events.wait(for: .linkDown(session: "bob", reason: "the session has ended")))
                // What alice had is still hers.
                #expect(try await blocking { try kept.get() } == "alice")
                kept.close()
                await first.close()
            }
        }

        @Test("a port that two want is the older session's, and the other's when that leaves")
        func samePort() async throws {
            let (alice, bob) = (try Laptop("alice", port: 0), try Laptop("bob", port: 0))
            try await Stage.with { stage in
                await stage.pod.set([alice.session, bob.session])
                let (first, second) = (try await stage.connect(alice), try await stage.connect(bob))
                #expect(try await stage.who(at: 0) == "alice")
                await stage.pod.set([bob.session])
                #expect(try await stage.who(at: 0) == "bob")
                await first.close()
                await second.close()
            }
        }

        @Test("connections that pass through come to a laptop that joins")
        func recalled() async throws {
            let alice = try Laptop("alice", port: 0)
            try await Stage.with { stage in
                let client = PooledClient(port: stage.ports[0])
                try await blocking { try client.asks(until: "origin") }
                await stage.pod.set([alice.session])
                let end = try await stage.connect(alice)
                try await blocking { try client.asks(until: "alice") }
                client.forget()
                await end.close()
            }
        }

        @Test("nobody connects as a session that is not there, or with another's key")
        func strangers() async throws {
            let (alice, bob) = (try Laptop("alice", port: 0), try Laptop("bob", port: 1))
            try await Stage.with { stage in
                await stage.pod.set([alice.session])
                await #expect(throws: TunnelError.self) { _ = try await stage.connect(bob) }
                await #expect(throws: TunnelError.self) { _ = try await stage.connect(alice, key: bob.identity.key) }
                let first = try await stage.connect(alice)
                // Another key for a session that is there is not taken.
                var other = alice.session
                other.key = bob.identity.key.publicKey
                await stage.pod.set([other])
                await #expect(throws: TunnelError.self) { _ = try await stage.connect(alice, key: bob.identity.key) }
                #expect(try await stage.who(at: 0) == "alice")
                await first.close()
            }
        }
    }
}
