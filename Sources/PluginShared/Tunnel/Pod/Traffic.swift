/// What connections have carried so far.
public struct Traffic: Sendable, Equatable {
    /// Connections that were taken.
    public var connections = 0
    /// Bytes from callers.
    public var received = 0
    /// Bytes to callers.
    public var sent = 0

    /// Nothing yet.
    public init() {}

    /// Counts another's in.
    mutating func add(_ other: Traffic) {
        self.connections += other.connections
        self.received += other.received
        self.sent += other.sent
    }
}

/// The traffic of one who answers; on the end's event loop only.
final class TrafficCounter {
    private(set) var traffic = Traffic()

    func taken() { self.traffic.connections += 1 }
    func received(_ bytes: Int) { self.traffic.received += bytes }
    func sent(_ bytes: Int) { self.traffic.sent += bytes }
}
