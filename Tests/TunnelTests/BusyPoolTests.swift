import FaultBench
import Requests
import Testing

@testable import Tunnel

extension Loopback {
    /// Connections that have to come again, of clients that never pause, and read `Connection: close`.
    @Suite("Busy pools")
    struct BusyPoolTests {
        /// Who carries a pool's connections, and where its requests are answered.
        enum Road: String, CaseIterable {
            case bytesToLaptop, bytesToOrigin, requestsToLaptop, requestsToOrigin

            var name: String { self == .bytesToLaptop || self == .requestsToLaptop ? "local" : "origin" }

            /// The sessions of a tunnel whose connections take this road.
            func sessions(_ tunnel: TestTunnel) throws -> [PodSession] {
                let key = tunnel.identity.key.publicKey
                switch self {
                case .bytesToLaptop: return [PodSession(id: "s1", key: key, routes: [TestTunnel.route])]
                case .bytesToOrigin: return [PodSession(id: "s1", key: key, routes: [])]
                case .requestsToLaptop, .requestsToOrigin:
                    let user = self == .requestsToLaptop ? "alice" : "bob"
                    let rule = try RequestRule([RequestCondition(.header, "x-user=\(user)")])
                    return [PodSession(id: "s1", key: key, routes: [TestTunnel.route], rule: rule)]
                }
            }
        }

        /// Runs a body beside a pool on this road, whose every request has to be answered.
        private static func with(
            _ road: Road, _ body: (TestTunnel, BusyPool, [PodSession]) async throws -> Void
        ) async throws -> BusyPool.Seen {
            let (local, origin) = (try RawServer.keepsAlive("local"), try RawServer.keepsAlive("origin"))
            return try await TestTunnel.with(local: local.port, origin: origin.port) { tunnel, _ in
                let sessions = try road.sessions(tunnel)
                await tunnel.pod.set(sessions)
                let pool = BusyPool(port: tunnel.port, user: "alice")
                #expect(await pool.isAnswered(200, by: road.name))
                try await body(tunnel, pool, sessions)
                let seen = await pool.stop()
                #expect(seen.failures.isEmpty, "\(seen.failures.count): \(seen.failures.prefix(3))")
                return seen
            }
        }

        @Test("the pod drains: no request fails", arguments: Road.allCases)
        func podDrain(road: Road) async throws {
            let seen = try await Self.with(road) { tunnel, pool, _ in
                let drained = Task { await tunnel.pod.drain(limit: .seconds(30), lateConnectionGrace: .seconds(30)) }
                // From here on each connection has one answer, or two.
                #expect(await eventually { pool.seen.told >= 300 })
                drained.cancel()
            }
            #expect(seen.answers["origin"] ?? 0 >= 250)
        }

        @Test("a session leaves: no request fails", arguments: [Road.bytesToLaptop, .requestsToLaptop])
        func leaves(road: Road) async throws {
            let seen = try await Self.with(road) { tunnel, pool, _ in
                await tunnel.pod.drain(session: "s1", limit: .seconds(30))
                #expect(await pool.isAnswered(200, by: "origin"))
                await tunnel.pod.set([])
                #expect(await pool.isAnswered(200, by: "origin"))
            }
            // The next request on a connection that is read goes elsewhere, and no connection ends.
            #expect(seen.told == (road == .bytesToLaptop ? 50 : 0))
        }

        @Test("a rule comes: no request fails", arguments: [Road.bytesToLaptop, .bytesToOrigin])
        func ruleComes(road: Road) async throws {
            let seen = try await Self.with(road) { tunnel, pool, sessions in
                let rule = try RequestRule([RequestCondition(.header, "x-user=bob")])
                let other = PodSession(
                    id: "s2", key: TunnelKey().publicKey, routes: [TestTunnel.route], rule: rule)
                await tunnel.pod.set(sessions + [other])
                #expect(await eventually { pool.seen.told == 50 })
                #expect(await pool.isAnswered(200, by: road.name))
            }
            #expect(seen.told == 50)
        }

        @Test("connections that pass through come back to a laptop's process that answers again: no request fails")
        func recalled() async throws {
            let origin = try RawServer.keepsAlive("origin")
            let localPort = try closedPort()
            try await TestTunnel.with(local: localPort, origin: origin.port) { tunnel, _ in
                let pool = BusyPool(port: tunnel.port, user: "alice")
                #expect(await pool.isAnswered(200, by: "origin"))
                let local = try RawServer.keepsAlive("local", port: localPort)
                #expect(await eventually { pool.seen.told == 50 })
                #expect(await pool.isAnswered(200, by: "local"))
                let seen = await pool.stop()
                #expect(seen.failures.isEmpty && seen.told == 50, "\(seen)")
                local.stop()
            }
        }
    }
}
