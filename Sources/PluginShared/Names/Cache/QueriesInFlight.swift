/// Who waits for which query, so that one is asked once however many want to know.
public struct QueriesInFlight<Key: Hashable, Waiter> {
    private var waiters: [Key: [Waiter]] = [:]

    /// Nobody waits.
    public init() {}

    /// How many queries are in flight.
    public var count: Int { self.waiters.count }

    /// Whether the query is in flight.
    public func contains(_ key: Key) -> Bool { self.waiters[key] != nil }

    /// Waits for a query.
    ///
    /// - Returns: Whether it is the first, so that the query has to be asked now.
    public mutating func join(_ key: Key, _ waiter: Waiter) -> Bool {
        self.waiters[key, default: []].append(waiter)
        return self.waiters[key]?.count == 1
    }

    /// The query has come to an end.
    ///
    /// - Returns: Everyone who waited; nobody when it had ended before.
    public mutating func finish(_ key: Key) -> [Waiter] {
        self.waiters.removeValue(forKey: key) ?? []
    }
}
