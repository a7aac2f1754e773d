import Requests

/// A request that is under way, and its answer.
final class RequestUnderWay {
    let head: RequestHead
    var replay = RequestReplay()
    var answer: AnswerReader
    /// Where it is asked; `nil` while that is being connected to.
    var upstream: RequestUpstream?
    /// Whether all of it has come from the caller.
    var isComplete = false
    /// Whether it is not certain where it ends.
    var isOpaque = false
    /// Whether the caller may ask again on its connection.
    var keepsAlive: Bool

    /// A request whose head has come.
    init(_ head: RequestHead) {
        self.head = head
        self.answer = AnswerReader(answering: head.methodKind)
        self.keepsAlive = head.keepsAlive
    }

    /// Whether all of it is asked, answered, and on its way to the caller.
    var isDone: Bool { self.isComplete && self.answer.hasEnded && self.upstream?.relay.holdsBytes == false }
}
