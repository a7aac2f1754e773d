import FaultBench
import Synchronization
import Testing

@testable import Tunnel

extension Loopback {
    @Suite("Random schedules")
    struct ScheduleTests {
        /// What one side of a connection does, in order.
        enum Step: Sendable {
            case send(Int)
            case finish
            case reset
        }

        /// What one side saw: the bytes that came, and how it ended.
        struct Sight: Sendable {
            var bytes: [UInt8]
            var failure: RawSocketError?
        }

        static func steps(_ generator: inout SeededGenerator) -> [Step] {
            var steps: [Step] = []
            for _ in 0..<Int.random(in: 0...5, using: &generator) {
                let isLarge = Int.random(in: 0..<8, using: &generator) == 0
                steps.append(.send(Int.random(in: 0...(isLarge ? 200_000 : 2000), using: &generator)))
            }
            switch Int.random(in: 0..<10, using: &generator) {
            case 0: steps.append(.reset)
            default: steps.append(.finish)
            }
            return steps
        }

        /// Plays one side: sends on this thread, receives on another.
        static func play(_ steps: [Step], on socket: RawSocket, seed: UInt64, sight: Captured<Sight>) {
            let resets = steps.contains { if case .reset = $0 { true } else { false } }
            if !resets {
                onThread {
                    var bytes: [UInt8] = []
                    do {
                        while true {
                            let more = try socket.receive()
                            if more.isEmpty { break }
                            bytes += more
                        }
                        sight.set(Sight(bytes: bytes))
                    } catch {
                        sight.set(Sight(bytes: bytes, failure: error as? RawSocketError))
                    }
                }
            }
            var offset = 0
            let all = pattern(ScheduleTests.total(steps), seed: seed)
            for step in steps {
                switch step {
                case .send(let count):
                    try? socket.send(Array(all[offset..<offset + count]))
                    offset += count
                case .finish: socket.finish()
                case .reset:
                    socket.reset()
                    sight.set(Sight(bytes: [], failure: .reset))
                }
            }
        }

        static func total(_ steps: [Step]) -> Int {
            steps.reduce(0) { sum, step in if case .send(let count) = step { sum + count } else { sum } }
        }

        static func resets(_ steps: [Step]) -> Bool {
            steps.contains { if case .reset = $0 { true } else { false } }
        }

        @Test("300 random connections arrive byte for byte, with their FINs and resets")
        func schedules() async throws {
            let seed = UInt64.random(in: 0 ... .max)
            var generator = SeededGenerator(seed: seed)
            let plans = Mutex<[UInt32: ([Step], Captured<Sight>)]>([:])
            // The first four bytes of a connection name its plan.
            let local = try RawServer { socket in
                let name = try socket.receive(exactly: 4)
                let index = name.reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
                guard let (steps, sight) = plans.withLock({ $0[index] }) else { return }
                ScheduleTests.play(steps, on: socket, seed: UInt64(index) + 1_000_000, sight: sight)
            }
            try await TestTunnel.with(local: local.port, origin: try closedPort()) { tunnel, _ in
                let port = tunnel.port
                for batch in 0..<30 {
                    var sights: [(UInt32, [Step], [Step], Captured<Sight>, Captured<Sight>)] = []
                    for index in 0..<10 {
                        let id = UInt32(batch * 10 + index)
                        let mine = ScheduleTests.steps(&generator)
                        let theirs = ScheduleTests.steps(&generator)
                        let near = Captured<Sight>()
                        let far = Captured<Sight>()
                        plans.withLock { $0[id] = (theirs, far) }
                        sights.append((id, mine, theirs, near, far))
                        try await blocking {
                            let socket = try RawSocket.connect(port: port)
                            try socket.send((0..<4).map { UInt8(truncatingIfNeeded: id >> (24 - 8 * $0)) })
                            onThread { ScheduleTests.play(mine, on: socket, seed: UInt64(id), sight: near) }
                        }
                    }
                    for (id, mine, theirs, near, far) in sights {
                        // A caller that resets at once may take its first bytes along, and nobody is there to see.
                        if ScheduleTests.resets(mine) { continue }
                        let caller = await near.get()
                        let expectedByCaller = pattern(ScheduleTests.total(theirs), seed: UInt64(id) + 1_000_000)
                        let comment: Comment = "seed \(seed), connection \(id)"
                        if ScheduleTests.resets(theirs) {
                            #expect(caller.failure == .reset, comment)
                            #expect(expectedByCaller.starts(with: caller.bytes), comment)
                        } else {
                            let server = await far.get()
                            #expect(caller.failure == nil, comment)
                            #expect(caller.bytes == expectedByCaller, comment)
                            #expect(server.failure == nil, comment)
                            #expect(server.bytes == pattern(ScheduleTests.total(mine), seed: UInt64(id)), comment)
                        }
                    }
                }
                #expect(await eventually { tunnel.pod.connectionCount == 0 }, "seed \(seed)")
                #expect(await tunnel.podEvents.events == [.linkUp(session: "s1")], "seed \(seed)")
            }
        }
    }
}
