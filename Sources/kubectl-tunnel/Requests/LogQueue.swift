/// What waits to be written, and what does not because that is too much. A value.
struct LogQueue: Sendable, Equatable {
    /// The most that waits: 64 MiB, and 10,000 requests.
    static let maximumByteCount = 64 * 1_048_576
    static let maximumCount = 10_000

    private var byteCount = 0
    private var count = 0
    private var dropped = 0

    /// Something comes.
    ///
    /// - Parameter size: In bytes.
    /// - Returns: Whether it may wait.
    mutating func take(_ size: Int) -> Bool {
        // One alone may always: it would never fit otherwise.
        guard self.count == 0 || (self.count < Self.maximumCount && self.byteCount + size <= Self.maximumByteCount)
        else {
            self.dropped += 1
            return false
        }
        self.count += 1
        self.byteCount += size
        return true
    }

    /// One of what waited is written.
    ///
    /// - Returns: How many have been dropped since the last time.
    mutating func written(_ size: Int) -> Int {
        self.count -= 1
        self.byteCount -= size
        defer { self.dropped = 0 }
        return self.dropped
    }
}
