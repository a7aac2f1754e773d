import NIOCore

/// A ``RequestReplay`` that is given up for others' when all together keep too much.
final class BudgetedReplay {
    private let budget: ReplayBudget
    private var replay = RequestReplay()
    /// What the budget knows of.
    private var counted = 0

    init(budget: ReplayBudget) { self.budget = budget }

    deinit { self.budget.add(-self.counted) }

    var allowsReading: Bool { self.replay.allowsReading }
    var isWhole: Bool { self.replay.isWhole }
    var bytes: ByteBuffer? { self.replay.bytes }

    /// Keeps bytes of the request, as far as that may be.
    func keep(_ bytes: ByteBuffer) {
        self.replay.sent(bytes)
        self.count()
        // Others need it more: this one is at an upstream that has taken it.
        if self.budget.isExceeded, self.replay.isTaken { self.answered() }
    }

    /// An upstream has taken the request.
    func taken() {
        self.replay.taken()
        self.count()
    }

    /// Its answer has begun: no other upstream can be asked.
    func answered() {
        self.replay.answered()
        self.count()
    }

    /// The upstream that it was asked of is gone, and has said nothing that was passed on.
    func lost() { self.replay.lost() }

    private func count() {
        self.budget.add(self.replay.byteCount - self.counted)
        self.counted = self.replay.byteCount
    }
}
