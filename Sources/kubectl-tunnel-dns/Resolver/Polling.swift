/// Waiting for what others do in their own time.
enum Polling {
    /// How long a resolver may take to know of a link: it hears of it from the kernel, and writes resolv.conf again.
    private static let limit = Duration.seconds(3)
    private static let pause = Duration.milliseconds(50)

    /// Waits until a fact is so; whether it came to that in time.
    ///
    /// - Throws: `CancellationError`.
    static func until(_ fact: () async -> Bool) async throws -> Bool {
        let clock = ContinuousClock()
        let deadline = clock.now + Self.limit
        while await !fact() {
            guard clock.now < deadline else { return false }
            try await Task.sleep(for: Self.pause)
        }
        return true
    }
}
