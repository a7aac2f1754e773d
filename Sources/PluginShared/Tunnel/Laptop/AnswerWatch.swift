/// Notices that callers wait for a local process that says nothing, as one at a breakpoint does. A value.
struct AnswerWatch {
    /// How long a caller may wait before the user is told: 5 s, longer than most requests take.
    static let longestWait = Duration.seconds(5)
    /// How often to look.
    static let interval = Duration.seconds(1)
    /// The most connections that are looked at: one is enough to tell.
    private static let mostConnections = 1000

    private var waiting: [UInt64: (route: String, since: Duration)] = [:]
    private var told: Set<String> = []

    /// Whether no caller waits.
    var isIdle: Bool { self.waiting.isEmpty }

    /// Bytes of a caller went to the local process.
    mutating func asked(_ connection: UInt64, of route: String, now: Duration) {
        guard !self.told.contains(route), self.waiting.count < Self.mostConnections else { return }
        self.waiting[connection] = (route, now)
    }

    /// The local process has sent something, or the connection is over.
    mutating func answered(_ connection: UInt64) { self.waiting[connection] = nil }

    /// The routes whose callers have waited for too long; each once.
    mutating func timePassed(now: Duration) -> [String] {
        let late = Set(self.waiting.values.filter { now - $0.since >= Self.longestWait }.map(\.route))
        self.told.formUnion(late)
        self.waiting = self.waiting.filter { !self.told.contains($0.value.route) }
        return late.sorted()
    }
}
