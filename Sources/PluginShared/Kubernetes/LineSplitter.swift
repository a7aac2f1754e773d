/// Cuts a stream of bytes into lines, as a watch sends them. Empty lines are left out.
public struct LineSplitter: Sendable {
    /// The longest line that is kept, in bytes. etcd's limit for a whole object is 1.5 MiB.
    static let longestLine = 8 << 20

    private var rest: [UInt8] = []

    /// A splitter that has seen nothing.
    public init() {}

    /// Takes bytes in, and returns the lines that they completed. A line over the limit is dropped.
    public mutating func append(_ bytes: some Sequence<UInt8>) -> [[UInt8]] {
        self.rest += bytes
        var lines: [[UInt8]] = []
        var start = self.rest.startIndex
        while let end = self.rest[start...].firstIndex(of: UInt8(ascii: "\n")) {
            if end > start { lines.append(Array(self.rest[start..<end])) }
            start = end + 1
        }
        self.rest.removeSubrange(..<start)
        if self.rest.count > Self.longestLine { self.rest = [] }
        return lines
    }
}
