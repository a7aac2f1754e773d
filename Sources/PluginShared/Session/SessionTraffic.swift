/// What has come to a session's laptop, as its proxy last said in the Lease's annotation ``Key/traffic``.
public struct SessionTraffic: Sendable, Equatable, CustomStringConvertible {
    /// Connections that the laptop took.
    public var connections: Int
    /// Bytes from callers.
    public var received: Int
    /// Bytes to callers.
    public var sent: Int
    /// Copies for a mirror that did not come, or not as a whole.
    public var lost: Int

    /// Counts, none below zero.
    public init(connections: Int, received: Int, sent: Int, lost: Int = 0) {
        (self.connections, self.received, self.sent, self.lost) = (connections, received, sent, lost)
    }

    /// Reads the annotation; `nil` when it is none.
    public init?(_ text: String) {
        let numbers = text.split(separator: " ").compactMap { Int($0) }
        guard (3...4).contains(numbers.count), numbers.allSatisfy({ $0 >= 0 }) else { return nil }
        self.init(
            connections: numbers[0], received: numbers[1], sent: numbers[2], lost: numbers.count > 3 ? numbers[3] : 0)
    }

    /// As in the annotation.
    public var description: String {
        "\(self.connections) \(self.received) \(self.sent)" + (self.lost > 0 ? " \(self.lost)" : "")
    }

    /// A number of bytes as people read it: `812 B`, `4.0 KiB`, `1.2 GiB`.
    public static func text(bytes: Int) -> String {
        guard bytes >= 1024 else { return "\(bytes) B" }
        var value = Double(bytes) / 1024
        for unit in ["KiB", "MiB", "GiB"] {
            if value < 1023.95 { return "\((value * 10).rounded() / 10) \(unit)" }
            value /= 1024
        }
        return "\((value * 10).rounded() / 10) TiB"
    }
}
