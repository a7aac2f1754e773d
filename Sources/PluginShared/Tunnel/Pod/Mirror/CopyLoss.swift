/// Why a copy did not come to a mirror, or not as a whole.
public enum CopyLoss: String, Sendable, CaseIterable {
    /// More came from callers than the laptop took.
    case full
    /// The laptop is not connected, or does not answer.
    case away
    /// The laptop's process did not take it, or has ended it.
    case refused
    /// It is not certain where the request ends.
    case unreadable
}

/// What a mirror has got so far.
public struct MirrorFigures: Sendable, Equatable {
    /// Copies, of connections or of requests, that the laptop's process has taken; also those that were lost later.
    public var copies = 0
    /// Their bytes.
    public var byteCount = 0
    /// Copies that did not come, or not as a whole.
    public var lost: [CopyLoss: Int] = [:]

    /// Nothing yet.
    public init() {}

    /// Counts another's in.
    mutating func add(_ other: MirrorFigures) {
        self.copies += other.copies
        self.byteCount += other.byteCount
        self.lost.merge(other.lost, uniquingKeysWith: +)
    }
}
