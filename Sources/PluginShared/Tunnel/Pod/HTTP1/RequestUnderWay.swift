import NIOCore
import Requests

/// A request that is under way, and its answer.
final class RequestUnderWay {
    let head: RequestHead
    let replay: BudgetedReplay
    var answer: AnswerReader
    /// Where it is asked; `nil` while that is being connected to.
    var upstream: RequestUpstream?
    /// Whether all of it has come from the caller.
    var isComplete = false
    /// Whether it is not certain where it ends.
    var isOpaque = false
    /// Whether an interim answer has come.
    var hasInterim = false
    /// Whether bytes of its body have come.
    var hasBody = false
    /// Whether its body was not wanted.
    private(set) var isRefused = false
    /// Whether it is not certain where its answer ends.
    var hasOpaqueAnswer = false
    /// Whether the upstream's connection has been idle for others' requests, which without a tunnel would have been its own.
    var isStranger = false
    /// Whether the caller may ask again on its connection.
    var keepsAlive: Bool

    /// A request whose head has come.
    ///
    /// - Parameter budget: Bounds what all requests of this end keep.
    init(_ head: RequestHead, budget: ReplayBudget) {
        self.head = head
        self.replay = BudgetedReplay(budget: budget)
        self.answer = AnswerReader(answering: head.methodKind)
        self.keepsAlive = head.keepsAlive
    }

    /// Whether all of it is asked, answered, and on its way to the caller.
    var isDone: Bool { self.isComplete && self.answer.hasEnded && self.upstream?.relay.holdsBytes == false }

    /// The upstream that it was asked of is gone, and has said nothing that was passed on.
    func lost() {
        self.upstream = nil
        self.replay.lost()
        self.answer = AnswerReader(answering: self.head.methodKind)
    }

    /// The connection ends behind what has come of the answer, which is all.
    func endBehindAnswer() {
        self.isComplete = true
        self.keepsAlive = false
        self.answer.finish()
    }

    /// A final answer has begun. To a caller that waits for a 100, and has sent no byte of the body, it may be all: then nobody can
    /// tell whether the body still comes (RFC 9110 §10.1.1).
    func answerBegan(_ head: ResponseHead) {
        self.keepsAlive = self.keepsAlive && head.keepsAlive
        guard self.head.expectsContinue, !self.hasInterim, !self.hasBody, !self.isComplete else { return }
        self.isRefused = true
        self.keepsAlive = false
    }
}
