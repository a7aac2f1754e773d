import NIOCore
import Requests

/// The way of copies to a mirror: of a connection, or of requests one after the other. What comes back is dropped.
final class Tap: StreamPipeOwner {
    private let mirror: Mirror
    private let link: TunnelLink
    private var stream: StreamPipe?
    private var policy = TapPolicy()
    /// That to the request, whose end is waited for: some servers take the caller's FIN for a caller that is gone.
    private var answer: AnswerReader?
    /// Whether no other request follows.
    private var isLast = true
    /// What came since the link was last told.
    private var dropped = 0

    /// A way that ``open(route:caller:)`` begins.
    ///
    /// - Parameter head: That of the first request; `nil` for a connection.
    init(mirror: Mirror, link: TunnelLink, for head: RequestHead?) {
        self.mirror = mirror
        self.link = link
        if let head { self.expect(head) }
    }

    /// What a stream that has ended never took is no more.
    deinit { self.mirror.letGo(self.policy.waiting) }

    /// Whether another request can be sent on it.
    var isIdle: Bool { self.policy.isWritten && !self.isLast && self.answer?.hasEnded == true }
    /// Whether nothing is left to do.
    var isOver: Bool { self.policy.isOver }

    /// Asks the laptop to take it.
    ///
    /// - Returns: Whether the link could.
    func open(route: String, caller: String) -> Bool {
        self.stream = self.link.openStream(route: route, caller: caller, owner: self)
        return self.stream != nil
    }

    private func expect(_ head: RequestHead) {
        self.answer = AnswerReader(answering: head.methodKind)
        self.isLast = !head.keepsAlive
    }

    // MARK: What the caller does

    /// Another request begins, on one that is idle.
    func begin(_ head: RequestHead) {
        self.policy.reopened()
        self.expect(head)
        self.mirror.taken()
    }

    /// Bytes of it.
    func send(_ bytes: ByteBuffer) {
        let memory = bytes.storageCapacity
        switch self.policy.offered(memory, room: self.mirror.room) {
        case .write:
            self.mirror.holds(memory, of: bytes.readableBytes)
            self.stream?.write(bytes) {
                self.mirror.letGo(memory)
                self.policy.sent(memory)
            }
        case .drop(let loss):
            self.mirror.lost(loss)
            self.reset()
        case .ignore: break
        }
    }

    func flush() { self.stream?.flush() }

    /// All of it was sent: of the connection, or of the request.
    func finish() {
        guard !self.isOver else { return }
        self.policy.finished()
        self.flush()
        self.endIfAnswered()
    }

    /// No other request follows.
    func close() {
        self.isLast = true
        self.endIfAnswered()
    }

    /// It is over, as for the caller: what is whole stays so.
    func cut() {
        guard !self.isOver else { return }
        if self.policy.isWritten { return self.close() }
        _ = self.policy.failed()
        self.reset()
    }

    /// It cannot be whole.
    func lose(_ loss: CopyLoss) {
        guard !self.isOver else { return }
        _ = self.policy.failed()
        self.mirror.lost(loss)
        self.reset()
    }

    /// Lets go of it with a reset, whatever is under way; nothing of it is lost that the session still wants.
    func abandon() {
        guard !self.isOver else { return }
        _ = self.policy.failed()
        self.reset()
    }

    private func reset() {
        let stream = self.stream
        self.endIfOver()
        stream?.owner = nil
        stream?.reset()
    }

    /// Sends FIN where nothing follows, and no answer is waited for.
    private func endIfAnswered() {
        let isDone = self.policy.isWritten && self.isLast && self.answer?.hasEnded ?? true
        if isDone || self.isOver { self.stream?.finish() }
        self.endIfOver()
    }

    private func endIfOver() {
        guard self.isOver, self.stream != nil else { return }
        self.stream = nil
        self.mirror.closed(self)
    }

    // MARK: What the laptop does

    func streamAccepted(_ stream: StreamPipe) { self.mirror.taken() }

    func pipe(_ pipe: any BytePipe, received bytes: ByteBuffer) {
        self.dropped += bytes.readableBytes
        guard let answer else { return }
        // Nobody has asked for it.
        if answer.hasEnded { return self.isLast = true }
        self.answer?.append(bytes)
        while let piece = self.answer?.next() { self.take(piece) }
    }

    private func take(_ piece: AnswerReader.Piece) {
        switch piece {
        case .head(let head, _): self.isLast = self.isLast || !head.keepsAlive
        case .end: self.isLast = self.isLast || self.answer?.hasExcess == true
        case .opaque: self.isLast = true
        case .tunnel:
            // What was asked for comes to nothing here.
            (self.isLast, self.answer) = (true, nil)
        case .interim, .body: break
        }
    }

    func pipeReadComplete(_ pipe: any BytePipe) {
        if self.dropped > 0 { pipe.passedOn(byteCount: self.dropped) }
        self.dropped = 0
        self.endIfAnswered()
    }

    func pipeEnded(_ pipe: any BytePipe) {
        self.policy.laptopEnded()
        self.endIfAnswered()
    }

    func pipeFailed(_ pipe: any BytePipe) {
        guard !self.isOver else { return }
        if self.policy.failed() { self.mirror.lost(self.link.isUsable ? .refused : .away) }
        self.endIfOver()
    }

    func pipeWritabilityChanged(_ pipe: any BytePipe) {}
}
