import FaultBench
import Testing

@testable import Tunnel

extension Loopback {
    @Suite("Passing through to the original pods")
    struct PassThroughTests {
        /// Short enough that a test of silence takes a second.
        static var quickTiming: Timing {
            var timing = Timing()
            timing.pingInterval = .milliseconds(200)
            timing.suspectAfter = .milliseconds(200)
            timing.deadAfter = .milliseconds(1200)
            timing.endingLimit = .milliseconds(200)
            return timing
        }

        @Test("without a laptop every connection goes to the origin")
        func noLaptop() async throws {
            let origin = try RawServer.named("origin")
            let tunnel = try await TestTunnel.pod(origin: origin.port)
            #expect(await tunnel.ask("hello") == "origin:hello")
            #expect(tunnel.pod.tunnelledCount == 0)
            #expect(await tunnel.pod.figures()?.passedThrough == [.noLink: 1])
            await tunnel.pod.shutdown()
        }

        @Test("a port that is not intercepted always goes to the origin")
        func notIntercepted() async throws {
            let origin = try RawServer.named("origin")
            let local = try RawServer.named("local")
            let tunnel = try await TestTunnel.pod(origin: origin.port, isIntercepted: false)
            let laptop = try await tunnel.laptop(local: local.port)
            #expect(await tunnel.ask("hello") == "origin:hello")
            await laptop.close()
            await tunnel.pod.shutdown()
        }

        @Test("pass-through on request sends new connections to the origin although the link is up, and back")
        func onRequest() async throws {
            let origin = try RawServer.named("origin")
            let local = try RawServer.named("local")
            try await TestTunnel.with(local: local.port, origin: origin.port) { tunnel, _ in
                tunnel.pod.setPassThrough(true)
                #expect(await tunnel.ask("1") == "origin:1")
                tunnel.pod.setPassThrough(false)
                #expect(await tunnel.ask("2") == "local:2")
                let figures = try #require(await tunnel.pod.figures())
                #expect(figures.passedThrough == [.ending: 1])
                #expect(figures.origin.connections == 1 && figures.laptopTotal.connections == 1)
                #expect(figures.laptopTotal.received == 1 && figures.laptopTotal.sent == "local:2".utf8.count)
                #expect(figures.origin.received == 1 && figures.origin.sent == "origin:1".utf8.count)
                #expect(figures.laptops.values.map(\.connections) == [1])
                #expect(figures.roundTrips.count == 1)
            }
        }

        @Test(
            "what the caller sent is replayed to the origin when the local process refuses", arguments: [0, 5, 200_000])
        func refusedLocally(count: Int) async throws {
            let origin = try RawServer.named("origin")
            try await TestTunnel.with(local: try closedPort(), origin: origin.port) { tunnel, laptop in
                let request = pattern(count)
                let answer = try await blocking {
                    let socket = try RawSocket.connect(port: tunnel.port)
                    defer { socket.close() }
                    try socket.send(request)
                    socket.finish()
                    return try socket.receiveAll()
                }
                #expect(answer == Array("origin:".utf8) + request)
                let events = EventLog(laptop.events)
                #expect(await events.wait(for: .localDown(route: TestTunnel.route, reason: "connection refused")))
                let figures = try #require(await tunnel.pod.figures())
                #expect(figures.passedThrough == [.laptopRefused: 1])
                #expect(figures.origin.received == count)
                #expect(figures.laptopTotal == Traffic())
            }
        }

        @Test("a local process that goes and comes is reported on change only")
        func localDownAndUp() async throws {
            let origin = try RawServer.named("origin")
            let first = try RawServer.named("local")
            try await TestTunnel.with(local: first.port, origin: origin.port) { tunnel, laptop in
                let events = EventLog(laptop.events)
                #expect(await tunnel.ask("1") == "local:1")
                first.stop()
                #expect(await tunnel.ask("2") == "origin:2")
                #expect(await tunnel.ask("3") == "origin:3")
                let second = try RawServer.named("local", port: first.port)
                #expect(await tunnel.ask("4") == "local:4")
                #expect(await tunnel.ask("5") == "local:5")
                second.stop()
                #expect(await events.wait(for: .localUp(route: TestTunnel.route)))
                let down = LaptopEvent.localDown(route: TestTunnel.route, reason: "connection refused")
                #expect(await events.events == [down, .localUp(route: TestTunnel.route)])
            }
        }

        @Test("the caller is reset when neither the local process nor the origin accepts")
        func nobodyAccepts() async throws {
            try await TestTunnel.with(local: try closedPort(), origin: try closedPort()) { tunnel, _ in
                try await blocking {
                    let socket = try RawSocket.connect(port: tunnel.port)
                    #expect(throws: RawSocketError.reset) { try socket.receiveAll() }
                    socket.close()
                }
            }
        }

        @Test("an origin that refuses for a moment, as a Service whose pods a node does not know yet, is dialled again")
        func lateOrigin() async throws {
            let port = try closedPort()
            let tunnel = try await TestTunnel.pod(origin: port)
            async let answer = tunnel.ask("hello")
            #expect(await eventually { tunnel.pod.connectionCount == 1 })
            // Refused so often that the pod was, too, and would have been five times if it did not wait in between.
            for _ in 0..<300 { #expect(throws: RawSocketError.self) { try RawSocket.connect(port: port) } }
            let origin = try RawServer.named("origin", port: port)
            #expect(await answer == "origin:hello")
            origin.stop()
            await tunnel.pod.shutdown()
        }

        @Test("a cut link resets what the laptop was answering and sends new connections to the origin")
        func cutAfterAnswer() async throws {
            let origin = try RawServer.named("origin")
            let local = try RawServer { socket in
                try socket.send("part")
                _ = try? socket.receiveAll()
            }
            let tunnel = try await TestTunnel.pod(origin: origin.port)
            let relay = try FaultRelay(port: tunnel.tunnelPort)
            let laptop = try await tunnel.laptop(local: local.port, through: relay.port)
            try await blocking {
                let socket = try RawSocket.connect(port: tunnel.port)
                #expect(text(try socket.receive(exactly: 4)) == "part")
                relay.cut()
                #expect(throws: RawSocketError.reset) { try socket.receiveAll() }
                socket.close()
            }
            #expect(await tunnel.podEvents.wait { $0.last == .linkDown(session: "s1", reason: "the connection ended") })
            #expect(await tunnel.ask("new") == "origin:new")
            await laptop.close()
            await tunnel.pod.shutdown()
        }

        @Test("a link cut before the answer moves the connection to the origin with everything it sent")
        func cutBeforeAnswer() async throws {
            let origin = try RawServer.named("origin")
            let local = try RawServer.named("local")
            var timing = Timing()
            timing.suspectAfter = .seconds(15)
            let tunnel = try await TestTunnel.pod(origin: origin.port, timing: timing)
            let relay = try FaultRelay(port: tunnel.tunnelPort)
            let laptop = try await tunnel.laptop(local: local.port, through: relay.port)
            relay.hold()
            let answer = try await blocking {
                let socket = try RawSocket.connect(port: tunnel.port)
                defer { socket.close() }
                try socket.send("kept")
                socket.finish()
                relay.cut()
                return text(try socket.receiveAll())
            }
            #expect(answer == "origin:kept")
            await laptop.close()
            await tunnel.pod.shutdown()
        }

        @Test("on a black-holed link the waiting connection moves to the origin, new ones go there, and the link dies")
        func blackHole() async throws {
            let origin = try RawServer.named("origin")
            let local = try RawServer.echo()
            let tunnel = try await TestTunnel.pod(origin: origin.port, timing: PassThroughTests.quickTiming)
            let relay = try FaultRelay(port: tunnel.tunnelPort)
            let laptop = try await tunnel.laptop(local: local.port, through: relay.port)
            let old = try await blocking {
                let socket = try RawSocket.connect(port: tunnel.port)
                try socket.send("x")
                _ = try socket.receive(exactly: 1)
                return socket
            }
            relay.hold()
            let start = ContinuousClock.now
            #expect(await tunnel.ask("waiting") == "origin:waiting")
            let first = ContinuousClock.now - start
            #expect(await tunnel.podEvents.wait(for: .linkSuspect(session: "s1")))
            let again = ContinuousClock.now
            #expect(await tunnel.ask("new") == "origin:new")
            #expect(ContinuousClock.now - again < .milliseconds(150))
            #expect(first >= .milliseconds(200) && first < .milliseconds(900))
            try await blocking {
                #expect(throws: RawSocketError.reset) { try old.receiveAll() }
                old.close()
            }
            let died = ContinuousClock.now - start
            #expect(died >= .milliseconds(900) && died < .seconds(4))
            #expect(await tunnel.podEvents.wait { if case .linkDown = $0.last { true } else { false } })
            await laptop.close()
            await tunnel.pod.shutdown()
        }

        @Test("a link that answers again after a pause is used again")
        func recovers() async throws {
            let origin = try RawServer.named("origin")
            let local = try RawServer.named("local")
            var timing = Loopback.PassThroughTests.quickTiming
            timing.deadAfter = .seconds(20)
            let tunnel = try await TestTunnel.pod(origin: origin.port, timing: timing)
            let relay = try FaultRelay(port: tunnel.tunnelPort)
            let laptop = try await tunnel.laptop(local: local.port, through: relay.port)
            relay.hold()
            #expect(await tunnel.ask("1") == "origin:1")
            #expect(await tunnel.podEvents.wait(for: .linkSuspect(session: "s1")))
            relay.release()
            #expect(await tunnel.podEvents.wait(for: .linkRecovered(session: "s1")))
            #expect(await tunnel.ask("2") == "local:2")
            await laptop.close()
            await tunnel.pod.shutdown()
        }

        @Test("origins are checked port by port")
        func checkOrigins() async throws {
            let origin = try RawServer.named("origin")
            let up = try await TestTunnel.pod(origin: origin.port)
            let down = try await TestTunnel.pod(origin: try closedPort())
            #expect(await up.pod.checkOrigins(timeout: .seconds(2)) == [OriginCheck(route: "web:80", failure: nil)])
            let refused = OriginCheck(route: "web:80", failure: "connection refused", isRefused: true)
            #expect(await down.pod.checkOrigins(timeout: .seconds(2)) == [refused])
            await up.pod.shutdown()
            await down.pod.shutdown()
        }
    }
}
