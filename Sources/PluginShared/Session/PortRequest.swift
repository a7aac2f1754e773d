/// `--port LOCAL[:REMOTE]`: a port of the laptop, and the Service's port that goes there.
public struct PortRequest: Sendable, Equatable {
    /// The port on the laptop, 1…65535.
    public var local: Int
    /// The Service port's number or name; `nil` when the Service has only one.
    public var remote: String?

    /// Reads the flag's value; `nil` when it is no such thing.
    public init?(_ text: String) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard let first = parts.first, let local = Int(first), (1...65_535).contains(local) else { return nil }
        if parts.count == 2, parts[1].isEmpty { return nil }
        self.local = local
        self.remote = parts.count == 2 ? parts[1] : nil
    }
}
