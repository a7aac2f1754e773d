import Foundation
import Testing

/// A client on the node that sends requests to a Service at a steady rate and records who answered.
struct Load: Sendable {
    enum Mode: String, CaseIterable, Sendable {
        case connectionPerRequest = "connection-per-request"
        case keepAlivePool = "keep-alive-pool"
        case stream
        case echo
    }

    /// What the client counted.
    struct Summary: Decodable, Sendable {
        var mode: String
        var count: Int
        var failed: Int
        var who: [String: Int]
        var errors: [String: Int]
        var longest_gap: Double
    }

    let mode: Mode
    private let process: Running
    /// A JSON line for each request that has ended.
    let log: URL

    /// - Parameters:
    ///   - users: One of them, by chance, is in the header `X-User` of each request.
    ///   - seconds: How long it begins requests; `nil` until it is told to end.
    static func start(
        _ mode: Mode, target: String, rate: Double, streamSeconds: Int = 5, users: [String] = [],
        seconds: Double? = nil
    ) throws -> Load {
        let log = Lab.shared.folder.appendingPathComponent(UUID().uuidString + ".jsonl")
        let process = try Running(
            Lab.shared.node + [
                "python3", Lab.shared.workload + "/load.py", "--target", target, "--mode", mode.rawValue,
                "--rate", "\(rate)", "--stream-seconds", "\(streamSeconds)", "--log", log.path, "--users",
                users.joined(separator: ","),
            ] + (seconds.map { ["--duration", "\($0)"] } ?? []))
        return Load(mode: mode, process: process, log: log)
    }

    /// The last answers' origin, the newest last.
    func recent(_ count: Int) -> [String] { self.lastAnswers(count).compactMap(\.who) }

    /// Whose the last requests were, and who answered them, the newest last.
    func lastAnswers(_ count: Int) -> [(user: String?, who: String?)] {
        guard let file = try? FileHandle(forReadingFrom: self.log), let end = try? file.seekToEnd() else { return [] }
        defer { try? file.close() }
        // A line has some 250 bytes; the first may be cut.
        try? file.seek(toOffset: end - min(end, UInt64(count + 2) * 500))
        let text = String(decoding: (try? file.readToEnd()) ?? Data(), as: UTF8.self)
        return text.split(separator: "\n").suffix(count).compactMap { line in
            guard let object = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any] else {
                return nil
            }
            return (object["user"] as? String, object["who"] as? String)
        }
    }

    /// Who answered whose requests, of those that began behind a number of them.
    func answers(behind count: Int = 0) throws -> [String: Set<String>] {
        struct Line: Decodable {
            var user: String?
            var who: String?
        }
        let lines = try String(contentsOf: self.log, encoding: .utf8).split(separator: "\n").dropFirst(count)
        return try lines.map { try JSONDecoder().decode(Line.self, from: Data($0.utf8)) }
            .reduce(into: [:]) { $0[$1.user ?? "", default: []].insert($1.who ?? "nobody") }
    }

    /// Waits until the requests of each user are answered by these alone.
    func expect(_ answers: [String: Set<String>], within seconds: Double = 20) async throws {
        try await eventually(within: seconds, "\(answers) answer; last \(try self.answers(behind: self.count - 30))") {
            // As many that each user is among them.
            let count = self.count
            return try count > 100 && self.answers(behind: count - 60) == answers
        }
    }

    /// Waits until this one answers ten times in a row.
    func expect(_ who: String, within seconds: Double = 20) async throws {
        try await eventually(within: seconds, "\(who) answers \(self.mode.rawValue); last \(self.recent(3))") {
            let recent = self.recent(10)
            return recent.count == 10 && recent.allSatisfy { $0 == who }
        }
    }

    /// How many requests have ended.
    var count: Int { (try? Data(contentsOf: self.log))?.count { $0 == UInt8(ascii: "\n") } ?? 0 }

    /// The lines of requests that failed.
    var failures: [String] {
        let text = (try? String(contentsOf: self.log, encoding: .utf8)) ?? ""
        return text.split(separator: "\n").filter { $0.contains("\"ok\": false") }.map(String.init)
    }

    /// A request whose caller got no answer, or late: a node that is lost answers nothing, a process that is stopped answers late.
    struct Unanswered: Decodable {
        var start: Double
        var latency: Double
        var ok: Bool
    }

    /// Those that failed, or took more than a second.
    var unanswered: [Unanswered] {
        get throws {
            try String(contentsOf: self.log, encoding: .utf8).split(separator: "\n")
                .map { try JSONDecoder().decode(Unanswered.self, from: Data($0.utf8)) }
                .filter { !$0.ok || $0.latency > 1 }
        }
    }

    /// Ends the client once its requests in flight have ended.
    func finish() async throws -> Summary {
        self.process.send(SIGTERM)
        let result = try await self.process.finish(within: 90)
        return try JSONDecoder().decode(Summary.self, from: Data(result.output.utf8))
    }
}
