import NIOCore
import Requests

/// What the upstreams say.
extension RequestForwarder {
    func streamAccepted(_ stream: StreamPipe) {
        guard let upstream = self.upstream(of: stream) else { return }
        upstream.isAccepted = true
        self.core.laptop(answers: true, at: self.port, of: upstream.session)
        self.core.counter(for: upstream.session)?.taken()
        if self.request?.upstream === upstream { self.request?.replay.taken() }
        self.updateReading()
    }

    func pipe(_ pipe: any BytePipe, received bytes: ByteBuffer) {
        guard let upstream = self.upstream(of: pipe) else { return }
        if !self.isReading { return self.give(bytes, of: upstream) }
        guard let request, request.upstream === upstream, !request.answer.hasEnded else {
            // Some servers speak first, and none of HTTP.
            if !self.isHTTP, self.request == nil {
                self.leave(to: upstream)
                return self.give(bytes, of: upstream)
            }
            // Nobody has asked. What a request behind it would be answered with, nobody could tell.
            self.forget(upstream)
            return upstream.reset()
        }
        request.answer.append(bytes)
        while let piece = request.answer.next() { self.take(piece, request, upstream) }
    }

    private func take(_ piece: AnswerReader.Piece, _ request: RequestUnderWay, _ upstream: RequestUpstream) {
        switch piece {
        case .interim(let bytes):
            request.hasInterim = true
            self.give(bytes, of: upstream)
        case .body(let bytes): self.give(bytes, of: upstream)
        case .head(let head, let bytes):
            request.answerBegan(head)
            self.give(self.last(head, request) ?? bytes, of: upstream)
        case .end:
            if request.answer.hasExcess { request.keepsAlive = false }
            if request.isRefused { request.endBehindAnswer() }
        case .tunnel(_, let bytes):
            self.give(bytes, of: upstream)
            self.leave(to: upstream)
        case .opaque(let bytes):
            self.give(bytes, of: upstream)
            // What the caller asks next may be another's, which no laptop is to get.
            guard upstream.session != nil else { return self.leave(to: upstream) }
            request.hasOpaqueAnswer = true
            request.keepsAlive = false
            self.readOn()
        }
    }

    /// The head as that of the last answer, where the connection is to end behind it, and the caller would ask again. Where it has
    /// done so already, another one tells it.
    private func last(_ answer: ResponseHead, _ request: RequestUnderWay) -> ByteBuffer? {
        guard self.endsBehindAnswers, request.keepsAlive, request.isComplete, self.reader.byteCount == 0 else {
            return nil
        }
        request.keepsAlive = false
        return ByteBuffer(bytes: answer.closing)
    }

    private func give(_ bytes: ByteBuffer, of upstream: RequestUpstream) {
        self.request?.replay.answered()
        guard self.connection?.upstreamSent(bytes) == true else { return }
        self.core.counter(for: upstream.session)?.sent(bytes.readableBytes)
        upstream.relay.farSent(bytes)
    }

    func pipeReadComplete(_ pipe: any BytePipe) {
        guard let upstream = self.upstream(of: pipe) else { return }
        upstream.relay.flushNear()
        self.endIfDone()
    }

    func pipeEnded(_ pipe: any BytePipe) {
        guard let upstream = self.upstream(of: pipe) else { return }
        if !self.isReading {
            upstream.relay.farEnded()
            return self.endIfDone()
        }
        guard let request, request.upstream === upstream else { return self.idleEnded(upstream, isFailure: false) }
        if self.mayAskAgain(request, upstream) { return self.askAgain(upstream) }
        if self.hasWholeAnswer(request, upstream) { return }
        // The end of an answer that lasts until then, or of one that is cut off: the caller sees the same.
        let rest = request.answer.takeRest()
        if rest.readableBytes > 0 { self.give(rest, of: upstream) }
        guard upstream.session != nil else {
            self.leave(to: upstream)
            upstream.relay.farEnded()
            return self.endIfDone()
        }
        request.endBehindAnswer()
        _ = self.hasWholeAnswer(request, upstream)
    }

    func pipeFailed(_ pipe: any BytePipe) {
        guard let upstream = self.upstream(of: pipe) else { return }
        guard self.isReading else { return self.connection?.abort() ?? () }
        guard let request, request.upstream === upstream else { return self.idleEnded(upstream, isFailure: true) }
        if self.mayAskAgain(request, upstream) { return self.askAgain(upstream) }
        if !self.hasWholeAnswer(request, upstream) { self.connection?.abort() }
    }

    /// Whether the request is asked and answered, and needs its upstream no more, which is gone.
    private func hasWholeAnswer(_ request: RequestUnderWay, _ upstream: RequestUpstream) -> Bool {
        guard request.answer.hasEnded, request.isComplete else { return false }
        // Without a tunnel the caller would see it, too. A laptop is connected to again.
        if upstream.session == nil { request.keepsAlive = false }
        self.forget(upstream)
        upstream.relay.flushNear()
        upstream.close()
        self.endIfDone()
        return true
    }

    /// A connection on which nothing is under way is gone.
    private func idleEnded(_ upstream: RequestUpstream, isFailure: Bool) {
        self.forget(upstream)
        upstream.close()
        if self.request == nil, upstream.session == nil, upstream === self.lastAsked || !self.isHTTP {
            // Without a tunnel the caller would see it, too.
            return isFailure ? self.connection?.abort() ?? () : self.endConnection()
        }
        // A laptop that does not take a silent caller: the originals may speak first.
        if self.request == nil, upstream.session != nil, !self.isHTTP { self.askOrigin(.laptopRefused) }
    }

    func pipeWritabilityChanged(_ pipe: any BytePipe) {
        // What made it full is sent at the end of the turn, in one piece.
        if pipe.isWritable, self.upstream(of: pipe) != nil { self.updateReading() }
    }
}
