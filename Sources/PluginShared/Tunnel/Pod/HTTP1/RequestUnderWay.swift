import NIOCore
import Requests

/// A request that is under way, and its answer.
final class RequestUnderWay {
    let head: RequestHead
    private(set) var replay = RequestReplay()
    var answer: AnswerReader
    /// Where it is asked; `nil` while that is being connected to.
    var upstream: RequestUpstream?
    /// Whether all of it has come from the caller.
    var isComplete = false
    /// Whether it is not certain where it ends.
    var isOpaque = false
    /// Whether the caller may ask again on its connection.
    var keepsAlive: Bool
    private let budget: ReplayBudget
    /// What the budget knows of.
    private var counted = 0

    /// A request whose head has come.
    ///
    /// - Parameter budget: Bounds what all requests of this end keep.
    init(_ head: RequestHead, budget: ReplayBudget) {
        self.head = head
        self.budget = budget
        self.answer = AnswerReader(answering: head.methodKind)
        self.keepsAlive = head.keepsAlive
    }

    deinit { self.budget.byteCount -= self.counted }

    /// Whether all of it is asked, answered, and on its way to the caller.
    var isDone: Bool { self.isComplete && self.answer.hasEnded && self.upstream?.relay.holdsBytes == false }

    /// Keeps bytes of it, as far as that may be.
    func keep(_ bytes: ByteBuffer) {
        self.replay.sent(bytes)
        self.count()
        // Others need it more: this one is at an upstream that has taken it.
        if self.budget.isExceeded, self.replay.isTaken { self.answered() }
    }

    /// An upstream has taken it.
    func taken() {
        self.replay.taken()
        self.count()
    }

    /// Its answer has begun: no other upstream can be asked.
    func answered() {
        self.replay.answered()
        self.count()
    }

    /// What is to be sent to another upstream; `nil` where there can be none.
    func replayed() -> ByteBuffer? { self.replay.replay() }

    private func count() {
        self.budget.byteCount += self.replay.byteCount - self.counted
        self.counted = self.replay.byteCount
    }
}
