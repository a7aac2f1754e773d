import FaultBench
import NIOPosix
import Testing

@testable import Tunnel

extension Loopback {
    /// Copies of connections and of requests.
    @Suite("Mirrors", .timeLimit(.minutes(1)))
    struct MirrorTests {
        /// A pod with one port, and laptops.
        private enum Stage {
            static func with(origin: RawServer, _ body: (RequestStage) async throws -> Void) async throws {
                try await RequestStage.with(origin: origin.port) { try await body($0) }
                withExtendedLifetime(origin) {}
            }
        }

        private static func request(_ user: String, _ path: String, body: String = "", _ more: String = "") -> String {
            "POST \(path) HTTP/1.1\r\nHost: web\r\nX-User: \(user)\r\n\(more)Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
        }

        private static let answer = Array("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok".utf8)

        @Test("every mirror gets a copy of each connection, whole and in order, and who answers is who did without it")
        func connections() async throws {
            let mirrors = [try RecordingServer(answer: Self.answer), try RecordingServer(), try RecordingServer()]
            try await Stage.with(origin: try .named("origin")) { stage in
                for (number, mirror) in mirrors.enumerated() {
                    try await stage.join("mirror\(number)", local: mirror.port)
                }
                let sent = (1...20).map { number in (0..<number * 3_000).map { UInt8(truncatingIfNeeded: $0 * number) }
                }
                for (number, bytes) in sent.enumerated() {
                    if number == 10 {
                        try await stage.join("whole", local: try RawServer.named("whole").port, isMirror: false)
                    }
                    let name = number < 10 ? "origin:" : "whole:"
                    #expect(try await stage.ask(bytes) == Array(name.utf8) + bytes)
                }
                for mirror in mirrors {
                    let hasAll = await eventually { mirror.recordings.count { $0.end == .fin } == sent.count }
                    #expect(hasAll, "\(mirror.recordings.map { ($0.bytes.count, $0.end) })")
                    let got = mirror.recordings.map(\.bytes).sorted { $0.count < $1.count }
                    #expect(got == sent)
                }
                for number in mirrors.indices {
                    let figures = await stage.figures("mirror\(number)")
                    #expect(figures.copies == 20 && figures.lost.isEmpty, "\(figures)")
                    #expect(figures.byteCount == sent.reduce(0) { $0 + $1.count })
                }
            }
        }

        @Test("a process may answer as much as it likes, which nobody gets and nothing holds")
        func answers() async throws {
            let mirror = try RecordingServer(answer: pattern(20_000_000))
            try await Stage.with(origin: try .named("origin")) { stage in
                try await stage.join("mirror", local: mirror.port)
                #expect(text(try await stage.ask(Array("a".utf8))) == "origin:a")
                #expect(await eventually { mirror.recordings.first?.end == .fin })
            }
        }

        @Test("a process that stands still has so many copies under way, and no more are begun")
        func many() async throws {
            let mirror = try SilentListener()
            try await Stage.with(origin: try .named("origin")) { stage in
                try await stage.join("mirror", local: mirror.port)
                for _ in 0..<Mirror.mostAtOnce + 10 {
                    #expect(text(try await stage.ask(Array("a".utf8))) == "origin:a")
                }
                let isTold = await eventually {
                    let figures = await stage.figures("mirror")
                    return figures.lost == [.full: 10] && figures.copies == Mirror.mostAtOnce
                }
                let figures = await stage.figures("mirror")
                #expect(isTold, "\(figures)")
            }
        }

        @Test("a mirror that leaves has lost nothing, and callers notice nothing")
        func leaves() async throws {
            let mirror = try RecordingServer()
            try await Stage.with(origin: try .echo()) { stage in
                let laptop = try await stage.join("mirror", local: mirror.port)
                let port = stage.port
                let caller = try await blocking { try RawSocket.connect(port: port) }
                func echoes(_ word: String) async throws {
                    let echo = try await blocking {
                        try caller.send(word)
                        return try caller.receive(exactly: word.utf8.count)
                    }
                    #expect(text(echo) == word)
                }
                try await echoes("before")
                #expect(await eventually { mirror.recordings.first?.text == "before" })
                await stage.pod.drain(session: "mirror", limit: .seconds(10))
                #expect(await eventually { laptop.streamCount == 0 })
                try await echoes("behind")
                #expect(text(try await stage.ask(Array("new".utf8))) == "new")
                #expect(mirror.recordings.count == 1 && mirror.recordings.first?.text == "before")
                #expect(await stage.figures("mirror").lost.isEmpty)
                caller.close()
            }
        }

        @Test("a caller that resets has reset its copy, and none is lost")
        func callerResets() async throws {
            let mirror = try RecordingServer()
            try await Stage.with(origin: try .echo()) { stage in
                try await stage.join("mirror", local: mirror.port)
                let port = stage.port
                let caller = try await blocking { try RawSocket.connect(port: port) }
                try caller.send("hello")
                // A reset takes along what was not read yet.
                #expect(await eventually { mirror.recordings.first?.text == "hello" })
                caller.reset()
                #expect(await eventually { mirror.recordings.first?.end == .reset })
                #expect(await stage.figures("mirror").lost.isEmpty)
            }
        }

        @Test("a process that refuses, or ends a connection, has lost it, and the caller notices nothing")
        func refuses() async throws {
            let closing = try RecordingServer(answer: Self.answer, closes: true)
            try await Stage.with(origin: try .echo()) { stage in
                try await stage.join("away", local: try closedPort())
                try await stage.join("closing", local: closing.port)
                let port = stage.port
                let caller = try await blocking { try RawSocket.connect(port: port) }
                for _ in 0..<3 {
                    let echo = try await blocking {
                        try caller.send("hello")
                        return try caller.receive(exactly: 5)
                    }
                    #expect(text(echo) == "hello")
                    // Its end is on its way.
                    #expect(await eventually { closing.recordings.first?.end != nil })
                    #expect(await eventually { await stage.figures("away").lost == [.refused: 1] })
                }
                #expect(await eventually { await stage.figures("closing").lost == [.refused: 1] })
                caller.close()
            }
        }

        @Test("a laptop that is gone gets no copies, which is told, and callers notice nothing")
        func gone() async throws {
            let mirror = try RecordingServer()
            try await Stage.with(origin: try .named("origin")) { stage in
                let relay = try FaultRelay(port: stage.tunnelPort)
                try await stage.join("mirror", local: mirror.port, through: relay.port)
                #expect(text(try await stage.ask(Array("a".utf8))) == "origin:a")
                #expect(await eventually { mirror.recordings.first?.end == .fin })
                let port = stage.port
                let open = try await blocking { try RawSocket.connect(port: port) }
                try open.send("before")
                #expect(await eventually { mirror.recordings.last?.text == "before" })
                relay.reset()
                #expect(await stage.events.wait { $0.contains { if case .linkDown = $0 { true } else { false } } })
                #expect(text(try await stage.ask(Array("b".utf8))) == "origin:b")
                try open.send("behind")
                open.finish()
                let answer = try await blocking { try open.receiveAll() }
                #expect(text(answer) == "origin:beforebehind")
                open.close()
                // That which was cut, and the new one.
                #expect(await stage.figures("mirror").lost == [.away: 2])
                relay.stop()
            }
        }

        @Test("an upload of 100 MB passes at its speed beside a process that reads nothing, and its copy is dropped")
        func upload() async throws {
            let sink = try RawServer { socket in
                defer { socket.close() }
                var count = 0
                while case let bytes = try socket.receive(upTo: 1 << 20), !bytes.isEmpty { count += bytes.count }
                try socket.send("\(count)")
            }
            let stalled = Captured<Bool>()
            let mirror = try RawServer { socket in
                while stalled.peek == nil { usleep(1000) }
                socket.close()
            }
            try await Stage.with(origin: sink) { stage in
                let bytes = pattern(1 << 20)
                let port = stage.port
                func upload() async throws -> Duration {
                    try await blocking {
                        try timed {
                            let socket = try RawSocket.connect(port: port)
                            defer { socket.close() }
                            for _ in 0..<100 { try socket.send(bytes) }
                            socket.finish()
                            #expect(text(try socket.receiveAll()) == "\(100 << 20)")
                        }.1
                    }
                }
                _ = try await upload()
                let before = try await upload()
                try await stage.join("mirror", local: mirror.port)
                let beside = try await upload()
                print("100 MiB: \(before) without, \(beside) with a stalled mirror")
                #expect(beside < before * 3 + .milliseconds(500))
                #expect(await stage.figures("mirror").lost == [.full: 1])
                #expect(await eventually { await stage.pod.figures()?.copiesWaiting == 0 })
                stalled.set(true)
            }
        }

        @Test("what all copies take on a link that stands still is bounded, and told")
        func bounded() async throws {
            let mirror = try RecordingServer()
            try await Stage.with(origin: try .named("origin")) { stage in
                let relay = try FaultRelay(port: stage.tunnelPort)
                try await stage.join("mirror", local: mirror.port, through: relay.port)
                relay.hold()
                let port = stage.port
                let bytes = pattern(200_000)
                let callers = try await blocking {
                    try (0..<200).map { _ in
                        let socket = try RawSocket.connect(port: port)
                        try socket.send(bytes)
                        return socket
                    }
                }
                var most = 0
                let isFull = await eventually {
                    most = max(most, await stage.pod.figures()?.copiesWaiting ?? 0)
                    return await stage.figures("mirror").lost[.full] ?? 0 > 50
                }
                print("waiting at most: \(most) bytes; lost: \(await stage.figures("mirror").lost)")
                #expect(isFull && most > 1_000_000 && most <= Mirrors.limit)
                // Every caller is answered all the same.
                let answers = try await blocking {
                    try callers.map { caller in
                        defer { caller.close() }
                        caller.finish()
                        return try caller.receiveAll().count
                    }
                }
                #expect(answers.allSatisfy { $0 == "origin:".utf8.count + bytes.count })
                relay.reset()
                #expect(await eventually { await stage.pod.figures()?.copiesWaiting == 0 })
                relay.stop()
            }
        }

        private enum Condition: String, CaseIterable {
            case without, healthy, requests, stalled
        }

        private static func get(_ socket: RawSocket) throws {
            try socket.send("GET / HTTP/1.1\r\nHost: web\r\nX-User: alice\r\n\r\n")
            // The answer comes in one piece.
            try #require(try !socket.receive().isEmpty)
        }

        @Test("the time of small requests is what it was, beside mirrors of every condition")
        func latency() async throws {
            let mirror = try RecordingServer(answer: Self.answer, eachTime: true)
            let origin = try RawServer.keepsAlive("origin")
            var slowest: [Condition: Duration] = [:]
            for condition in Condition.allCases {
                try await Stage.with(origin: origin) { stage in
                    let relay = try FaultRelay(port: stage.tunnelPort)
                    if condition != .without {
                        let user = condition == .requests ? "alice" : nil
                        try await stage.join("mirror", local: mirror.port, user: user, through: relay.port)
                    }
                    if condition == .stalled { relay.hold() }
                    let port = stage.port
                    let times = try await blocking {
                        var times: [Duration] = []
                        for _ in 0..<30 {
                            let socket = try RawSocket.connect(port: port)
                            defer { socket.close() }
                            for _ in 0..<100 {
                                times.append(try timed { try Self.get(socket) }.1)
                            }
                        }
                        return times.sorted()
                    }
                    slowest[condition] = times[times.count * 99 / 100]
                    print("\(condition): p50 \(times[times.count / 2]), p99 \(times[times.count * 99 / 100])")
                    relay.stop()
                }
            }
            let bound = (slowest[.without] ?? .zero) * 3 + .milliseconds(50)
            for (condition, time) in slowest { #expect(time < bound, "\(condition)") }
        }

        // MARK: Requests

        @Test("of connections that all share, a mirror with a rule gets the requests that meet it, each whole")
        func requests() async throws {
            let mirror = try RecordingServer(answer: Self.answer, eachTime: true)
            let origin = try WebServer.start("origin")
            try await Stage.with(origin: origin) { stage in
                try await stage.join("mirror", local: mirror.port, user: "alice")
                // Somebody's rule is read beside it.
                try await stage.join("bob", local: try WebServer.start("bob").port, user: "bob", isMirror: false)
                let port = stage.port
                let sent = try await blocking {
                    var generator = SeededGenerator(seed: 7)
                    var sent: [String] = []
                    for connection in 0..<5 {
                        let socket = try RawSocket.connect(port: port)
                        defer { socket.close() }
                        for number in 0..<40 {
                            let user = ["alice", "bob", "carol"].randomElement(using: &generator) ?? ""
                            let body = String(repeating: "x", count: Int.random(in: 0...9000, using: &generator))
                            let request = Self.request(user, "/\(connection)/\(number)", body: body)
                            if user == "alice" { sent.append(request) }
                            try socket.send(request)
                            let answer = try Self.whoAnswers(socket)
                            #expect(answer == (user == "bob" ? "bob" : "origin"))
                        }
                    }
                    return sent
                }
                #expect(
                    await eventually {
                        mirror.recordings.allSatisfy { $0.end == .fin }
                            && mirror.recordings.reduce(0) { $0 + $1.requests.count } == sent.count
                    })
                let got = mirror.recordings
                #expect(got.flatMap(\.requests).sorted() == sent.sorted())
                #expect(got.reduce(0) { $0 + $1.bytes.count } == sent.reduce(0) { $0 + $1.utf8.count })
                #expect(got.count < sent.count / 2, "connections are used again: \(got.count)")
                let figures = await stage.figures("mirror")
                #expect(figures.copies == sent.count && figures.lost.isEmpty, "\(figures)")
            }
        }

        /// Reads an answer; its body's first word.
        private static func whoAnswers(_ socket: RawSocket) throws -> String {
            var head: [UInt8] = []
            while !head.suffix(4).elementsEqual(Array("\r\n\r\n".utf8)) {
                let byte = try socket.receive(exactly: 1)
                guard !byte.isEmpty else { return "closed" }
                head += byte
            }
            let length = text(head).lowercased().split(separator: "content-length:").last?
                .split(separator: "\r\n").first.flatMap { Int($0.filter { $0 != " " }) }
            return String(text(try socket.receive(exactly: length ?? 0)).prefix { $0 != " " })
        }

        @Test("a request that its caller cuts off is no whole one for the process either")
        func cut() async throws {
            let mirror = try RecordingServer(answer: Self.answer)
            try await Stage.with(origin: try WebServer.start("origin")) { stage in
                try await stage.join("mirror", local: mirror.port, user: "alice")
                let whole = Self.request("alice", "/whole", body: "abc")
                let half = Self.request("alice", "/half", body: "0123456789").dropLast(5)
                let port = stage.port
                let caller = try await blocking { try RawSocket.connect(port: port) }
                try caller.send(whole + half)
                #expect(await eventually { mirror.recordings.contains { $0.text == half } })
                caller.close()
                #expect(await eventually { mirror.recordings.count { $0.end != nil } == 2 })
                let ends = Dictionary(uniqueKeysWithValues: mirror.recordings.map { ($0.text, $0.end) })
                #expect(ends == [whole: .fin, String(half): .reset], "\(ends)")
            }
        }

        @Test("the process hears of the caller's end behind its answer: some take it for a caller that is gone")
        func endBehindAnswer() async throws {
            let (asked, gone, endedBefore, endedBehind) = (
                Captured<Bool>(), Captured<Bool>(), Captured<Bool>(), Captured<Bool>()
            )
            let mirror = try RawServer { socket in
                defer { socket.close() }
                _ = try socket.receive()
                asked.set(true)
                while gone.peek == nil { usleep(1000) }
                endedBefore.set(try socket.ends(within: 100))
                try socket.send(Self.answer)
                endedBehind.set(try socket.receive().isEmpty)
            }
            try await Stage.with(origin: try WebServer.start("origin")) { stage in
                let laptop = try await stage.join("mirror", local: mirror.port, user: "alice")
                _ = try await stage.ask(Array(Self.request("alice", "/").utf8))
                _ = await asked.get()
                // What the pod sends at the caller's end has come.
                #expect(await eventually { stage.pod.connectionCount == 0 })
                _ = try await laptop.ping()
                gone.set(true)
                #expect(await endedBefore.get() == false)
                #expect(await endedBehind.get())
            }
        }

        @Test("a request that is answered before its body comes is nobody's any more, and so is all that follows")
        func refusedBody() async throws {
            let mirror = try RecordingServer(answer: Self.answer)
            try await Stage.with(origin: try WebServer.start("origin")) { stage in
                try await stage.join("mirror", local: mirror.port, user: "alice")
                let port = stage.port
                try await blocking {
                    let socket = try RawSocket.connect(port: port)
                    defer { socket.close() }
                    let head = Self.request("alice", "/refused", body: "abc", "Expect: 100-continue\r\n").dropLast(3)
                    try socket.send(String(head))
                    #expect(try Self.whoAnswers(socket) == "orig")
                    try socket.send(Self.request("alice", "/next"))
                    #expect(try Self.whoAnswers(socket) == "origin")
                }
                #expect(await eventually { mirror.recordings.first?.end == .reset })
                #expect(mirror.recordings.count == 1)
                #expect(await stage.figures("mirror").lost == [.unreadable: 1])
            }
        }

        @Test(
            "callers that are not read are told once, and served", arguments: [("TLS", [22, 3, 1, 0]), ("HTTP/2", [])])
        func notRead(name: String, bytes: [UInt8]) async throws {
            let mirror = try RecordingServer()
            let sent = bytes.isEmpty ? Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) : bytes
            try await Stage.with(origin: try .named("origin")) { stage in
                try await stage.join("mirror", local: mirror.port, user: "alice")
                for _ in 0..<2 { #expect(try await stage.ask(sent) == Array("origin:".utf8) + sent) }
                let event = PodEvent.callersNotRead(route: "web:80", protocol: name)
                #expect(await stage.events.wait(for: event))
                #expect(await stage.events.events.count { $0 == event } == 1)
                #expect(mirror.recordings.isEmpty)
            }
        }
    }
}

extension RequestStage {
    /// A session that joins; one with a user gets their requests.
    @discardableResult
    fileprivate func join(
        _ name: String, local: Int, user: String? = nil, isMirror: Bool = true, through port: Int? = nil
    ) async throws -> LaptopEnd {
        try await self.join(name, port: local, user: user, isMirror: isMirror, through: port)
    }

    fileprivate func figures(_ name: String) async -> MirrorFigures {
        await self.pod.figures()?.mirrors[name] ?? .init()
    }

    /// Sends bytes on a connection of its own, ends it, and returns the answer.
    fileprivate func ask(_ bytes: [UInt8]) async throws -> [UInt8] {
        let port = self.port
        return try await blocking {
            let socket = try RawSocket.connect(port: port)
            defer { socket.close() }
            try socket.send(bytes)
            socket.finish()
            return try socket.receiveAll()
        }
    }
}
