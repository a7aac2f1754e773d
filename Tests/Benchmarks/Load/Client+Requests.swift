import Glibc
import Synchronization

extension Client {
    /// What came of requests.
    private struct Outcome {
        /// Nanoseconds that each took.
        var times: [Int] = []
        /// Who answered how many.
        var who: [String: Int] = [:]
        var failure: SocketError?

        mutating func add(_ other: Outcome) {
            self.times += other.times
            self.who.merge(other.who) { $0 + $1 }
            self.failure = self.failure ?? other.failure
        }
    }

    /// Asks so often as a user, on so many connections at once that are kept open, after some requests that are not counted: each
    /// one's nanoseconds, who answered, and how long it took in all.
    func requests(_ count: Int, user: String, connections: Int) throws(SocketError) -> String {
        let all = Mutex(Outcome())
        let left = Mutex(connections)
        let start = now()
        for _ in 0..<connections {
            onThread {
                let outcome = self.requests(count / connections, user: user)
                all.withLock { $0.add(outcome) }
                left.withLock { $0 -= 1 }
            }
        }
        while left.withLock({ $0 > 0 }) { usleep(1_000) }
        let taken = now() - start
        let outcome = all.withLock { $0 }
        if let failure = outcome.failure { throw failure }
        let who = outcome.who.map { "\"\($0.key)\": \($0.value)" }.joined(separator: ", ")
        return "{\"times\": \(outcome.times), \"who\": {\(who)}, \"taken\": \(taken)}"
    }

    private func requests(_ count: Int, user: String) -> Outcome {
        var outcome = Outcome()
        do throws(SocketError) {
            let socket = try Socket.connect(self.host, self.port)
            defer { socket.close() }
            var stream = HTTPStream(socket)
            for number in -20..<count {
                let start = now()
                let who = try stream.ask(user)
                guard number >= 0 else { continue }
                outcome.times.append(now() - start)
                outcome.who[who, default: 0] += 1
            }
        } catch { outcome.failure = error }
        return outcome
    }
}
