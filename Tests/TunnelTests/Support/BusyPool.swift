import FaultBench
import Synchronization

/// A pool of HTTP/1.1 connections that never pauses: each asks again as soon as it is answered, unless the answer says that it was the
/// last (RFC 9112 §9.6).
final class BusyPool: Sendable {
    /// What it has seen.
    struct Seen {
        /// By server.
        var answers: [String: Int] = [:]
        /// Answers that said so.
        var told = 0
        var failures: [String] = []
        var running = 0
    }

    private let state = Mutex(Seen())
    private let isStopped = Atomic(false)
    private let port: Int
    private let request: String

    /// Begins to ask.
    ///
    /// - Parameters:
    ///   - port: Where a ``RawServer/keepsAlive(_:port:)`` answers.
    ///   - user: In the header `x-user`.
    init(port: Int, user: String, connections: Int = 50) {
        self.port = port
        self.request = "GET / HTTP/1.1\r\nHost: web\r\nX-User: \(user)\r\n\r\n"
        self.state.withLock { $0.running = connections }
        for _ in 0..<connections {
            onThread {
                self.run()
                self.state.withLock { $0.running -= 1 }
            }
        }
    }

    var seen: Seen { self.state.withLock { $0 } }

    /// Waits for so many answers more, of this server.
    func isAnswered(_ count: Int, by name: String) async -> Bool {
        let before = self.seen.answers[name] ?? 0
        return await eventually { (self.seen.answers[name] ?? 0) >= before + count }
    }

    /// Lets each answer come that is due.
    func stop() async -> Seen {
        self.isStopped.store(true, ordering: .relaxed)
        _ = await eventually { self.seen.running == 0 }
        return self.seen
    }

    private func run() {
        var kept: RawSocket?
        while !self.isStopped.load(ordering: .relaxed) {
            do {
                let socket = try kept ?? RawSocket.connect(port: self.port)
                kept = socket
                let answer = try socket.answer(to: self.request)
                let isLast = answer.contains("\r\nConnection: close\r\n")
                self.state.withLock {
                    $0.answers[String(answer.split(separator: "\r\n").last?.dropLast() ?? ""), default: 0] += 1
                    if isLast { $0.told += 1 }
                }
                guard isLast else { continue }
            } catch {
                self.state.withLock { $0.failures.append("\(error)") }
            }
            kept?.close()
            kept = nil
        }
        kept?.close()
    }
}
