import Synchronization

/// Bounds what the sockets of one end have read and the other side has not taken yet, over all of them together.
///
/// Each of them alone is bounded by the other side's writability, to about 96 KiB: for thousands that stand still it is too
/// much. While the budget is full a connection is read only when nothing of it is in flight, and a little at a time; so
/// all of them stay alive, and hold the budget and that little at the worst.
final class ReadBudget: Sendable {
    /// The most bytes in flight: 32 MiB, a quarter of the pod's memory.
    static let usualLimit = 32 * 1024 * 1024
    /// What is read at once while the budget is full: 4 KiB, which is 6 MiB for 1,500 connections.
    static let smallRead = 4096

    private let limit: Int
    private let underWay = Atomic<Int>(0)

    /// A budget of so many bytes.
    init(limit: Int = ReadBudget.usualLimit) {
        self.limit = limit
    }

    /// Bytes in flight now: the memory that they take, not only what was read into it.
    var used: Int { self.underWay.load(ordering: .relaxed) }
    /// Whether only a little may be read.
    var isFull: Bool { self.used >= self.limit }

    func take(_ byteCount: Int) { self.underWay.add(byteCount, ordering: .relaxed) }
    func giveBack(_ byteCount: Int) { self.underWay.subtract(byteCount, ordering: .relaxed) }
}
