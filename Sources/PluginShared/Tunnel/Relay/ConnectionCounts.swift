import Synchronization

/// Counters of one end that can be read from anywhere, and the bytes that its connections hold.
final class ConnectionCounts: Sendable {
    /// What its sockets have read and was not passed on yet.
    let readBudget: ReadBudget

    private let openCount = Atomic<Int>(0)
    private let tunnelledTotal = Atomic<Int>(0)

    /// Counters at zero.
    init(readBudget: ReadBudget = ReadBudget()) {
        self.readBudget = readBudget
    }

    /// Connections that are open.
    var open: Int { self.openCount.load(ordering: .relaxed) }
    /// Connections the laptop has answered since the start.
    var tunnelledSinceStart: Int { self.tunnelledTotal.load(ordering: .relaxed) }

    func opened() { self.openCount.add(1, ordering: .relaxed) }
    func closed() { self.openCount.subtract(1, ordering: .relaxed) }
    func tunnelled() { self.tunnelledTotal.add(1, ordering: .relaxed) }
}
