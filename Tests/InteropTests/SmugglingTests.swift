import FaultBench
import Foundation
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

extension Interop {
    /// Where a request ends, no server sees otherwise than the proxy.
    @Suite("Smuggled requests", .serialized)
    struct SmugglingTests {
        /// Bytes, who sends them, and how the logs know them with a tunnel and without.
        private struct Sending: Sendable {
            let requests: RawRequests
            let user: String
            let through: String
            let direct: String

            var isAlices: Bool { self.user == "alice" }

            /// Whether a request with this line in a log may be at alice's.
            func isForAlice(_ line: String) -> Bool {
                line.contains("/also") || self.isAlices && line.contains("/mine") && self.requests.reading != .unread
            }
        }

        private static let sendings: [Sending] = RawRequests.all.enumerated().flatMap { number, requests in
            ["carol", "alice"].enumerated().map { turn, user in
                let digits = "\(number * 2 + turn + 100)"
                return Sending(requests: requests, user: user, through: "t\(digits)", direct: "d\(digits)")
            }
        }

        @Test(
            "bytes that two could read otherwise are answered as without a tunnel, and nothing of them is at a laptop",
            arguments: [ServerKind.nginx, .uvicorn, .uvicornTools, .gunicorn, .node])
        func smuggled(kind: ServerKind) async throws {
            #expect(RawRequests.all.count > 100)
            try await Server.with(["origin", "alice"], kind) { servers in
                let (origin, alice) = (try #require(servers["origin"]), try #require(servers["alice"]))
                let answers = try await InteropTunnel.with(servers) { tunnel in
                    try await Self.answers(through: tunnel.port, direct: origin.port)
                }
                // A log's last lines are there when one behind them is.
                for server in [origin, alice] {
                    _ = try await blocking {
                        try Self.answer(
                            Array("GET /fence HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".utf8), server.port)
                    }
                    #expect(await eventually { try server.seen().contains { $0.contains("/fence") } })
                }
                let seen = (origin: Self.byIdentity(try origin.seen()), alice: Self.byIdentity(try alice.seen()))
                for sending in Self.sendings {
                    let found = Self.judge(
                        sending, through: answers[sending.through] ?? [], direct: answers[sending.direct] ?? [],
                        wanted: seen.origin[sending.direct] ?? [], atOrigin: seen.origin[sending.through] ?? [],
                        atAlice: seen.alice[sending.through] ?? [])
                    for what in found {
                        Issue.record("\(kind.rawValue), \(sending.requests.name), of \(sending.user): \(what)")
                    }
                }
                let sent = Self.sendings.count
                print(
                    "\(kind.rawValue): \(RawRequests.all.count) kinds of bytes, \(sent) times with and without a tunnel"
                )
            }
        }

        /// What is wrong with what has come of bytes.
        private static func judge(
            _ sending: Sending, through: [UInt8], direct: [UInt8], wanted: [String], atOrigin: [String],
            atAlice: [String]
        ) -> [String] {
            var found: [String] = []
            let strangers = atAlice.filter { !sending.isForAlice($0) }
            if !strangers.isEmpty { found.append("alice's server sees \(strangers)") }
            let (got, should) = (Self.comparable(through), Self.comparable(direct))
            let (statuses, wantedStatuses) = (Self.statuses(got), Self.statuses(should))
            let forAlice = wanted.filter(sending.isForAlice)
            let others = wanted.filter { !sending.isForAlice($0) }
            switch sending.requests.reading {
            case .cut where sending.isAlices:
                if !wantedStatuses.starts(with: statuses) {
                    found.append("\(statuses) is no beginning of \(wantedStatuses)")
                }
                if !forAlice.starts(with: atAlice) {
                    found.append("alice's server sees \(atAlice), and not \(forAlice)")
                }
                if !others.starts(with: atOrigin) { found.append("the originals see \(atOrigin), and not \(others)") }
            case .ahead:
                if statuses.first != "200" || got.isEmpty { found.append("\(statuses)") }
                if sending.isAlices, atAlice.count != 1 { found.append("alice's server sees \(atAlice)") }
            case .unread where got != should: found.append(Self.difference(got, should))
            case .certain, .cut, .unread:
                if statuses != wantedStatuses { found.append(Self.difference(got, should)) }
                if atAlice != forAlice { found.append("alice's server sees \(atAlice) instead of \(forAlice)") }
                if atOrigin != others { found.append("the originals see \(atOrigin) instead of \(others)") }
            }
            return found
        }

        /// Sends everything both ways, sixteen at a time.
        private static func answers(through port: Int, direct: Int) async throws -> [String: [UInt8]] {
            var jobs = Self.sendings.flatMap { [($0, $0.through, port), ($0, $0.direct, direct)] }
            return try await withThrowingTaskGroup(of: (String, [UInt8]).self) { group in
                var answers: [String: [UInt8]] = [:]
                var running = 0
                while running > 0 || !jobs.isEmpty {
                    while running < 16, let (sending, identity, port) = jobs.popLast() {
                        running += 1
                        let bytes = sending.requests.bytes(identity: identity, user: sending.user)
                        group.addTask { (identity, try await blocking { try Self.answer(bytes, port) }) }
                    }
                    guard let (identity, answer) = try await group.next() else { break }
                    running -= 1
                    answers[identity] = answer
                }
                return answers
            }
        }

        /// All that comes back until the connection's end. A server that waits for more is told that there is none.
        private static func answer(_ bytes: [UInt8], _ port: Int) throws -> [UInt8] {
            let socket = try RawSocket.connect(port: port)
            defer { socket.close() }
            var limit = timeval(tv_sec: 3, tv_usec: 0)
            setsockopt(socket.fd, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
            // A server that has had enough does not read on.
            try? socket.send(bytes)
            var (all, isFinished) = ([UInt8](), false)
            while true {
                do {
                    let next = try socket.receive()
                    if next.isEmpty { return all }
                    all += next
                } catch .timedOut where !isFinished {
                    socket.finish()
                    isFinished = true
                } catch {
                    return all
                }
            }
        }

        /// Answers without what differs between two of a kind: names, dates, and an interim answer, which a body that is there already
        /// makes unnecessary.
        private static func comparable(_ bytes: [UInt8]) -> String {
            String(decoding: bytes, as: UTF8.self)
                .replacing(/(?i)\r\ndate: [^\r]*/, with: "").replacing("HTTP/1.1 100 Continue\r\n\r\n", with: "")
                .replacing("alice", with: "NAME").replacing("origin", with: "NAME")
                .replacing(/[td]\d\d\d\//, with: "/")
                .replacing(/(?i)Content-Length: \d+/, with: "Content-Length")
                .replacing(/(?i)\r\n(etag|last-modified): [^\r]*/, with: "")
                // What a body was has the logs' words in it, and a chunk with a name in it that name's length.
                .replacing(/\ [0-9a-f]{64}/, with: "").replacing(/\r\n[0-9a-fA-F]{2}\r\nNAME/, with: "\r\nNAME")
        }

        /// Of each answer.
        private static func statuses(_ text: String) -> [String] {
            text.matches(of: #/HTTP/1\.[01] (\d\d\d) /#).map { String($0.output.1) }
        }

        /// Where two texts begin to differ.
        private static func difference(_ got: String, _ wanted: String) -> String {
            let count = zip(got, wanted).prefix { $0 == $1 }.count
            func part(_ text: String) -> String {
                String(text.dropFirst(max(0, count - 60)).prefix(200)).debugDescription
            }
            return "\(part(got)) instead of \(part(wanted))"
        }

        private static func byIdentity(_ lines: [String]) -> [String: [String]] {
            var all: [String: [String]] = [:]
            for line in lines {
                guard let match = line.firstMatch(of: /[td]\d\d\d/) else { continue }
                all[String(match.output), default: []].append(line.replacing(match.output, with: "####"))
            }
            return all
        }
    }
}
