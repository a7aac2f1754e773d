/// Whether a process that does not answer should be replaced.
///
/// kubectl keeps one connection to the API server. One that died without a word, as behind a NAT or after a change of
/// networks, it gives up after 45 s (Go's HTTP/2 health check: 30 s of silence and 15 s for a PING), while a Lease has run
/// out. One that never answered has nobody to reach: another would not either.
struct Silence: Sendable, Equatable {
    private var lastAnswer: ContinuousClock.Instant?

    /// Whether there was any answer yet.
    var hasAnswered: Bool { self.lastAnswer != nil }

    /// Records an answer, whatever it says.
    mutating func answered(at moment: ContinuousClock.Instant) { self.lastAnswer = moment }

    /// Whether nothing came since a request that has timed out, though there were answers before.
    func isDead(askedAt asked: ContinuousClock.Instant) -> Bool {
        self.lastAnswer.map { $0 < asked } ?? false
    }
}
