import Logging
import NIOCore
import Requests

/// Asking the upstreams, and what they say.
extension RequestForwarder {
    /// Has the request asked there.
    func ask(_ way: PodCore.Way) {
        switch way {
        case .laptop(let link, let session):
            if let upstream = self.laptops[session] {
                self.reuse(upstream)
            } else if let stream = link.openStream(
                route: self.port.route, caller: self.callerAddress, owner: self)
            {
                self.use(stream, session)
            } else {
                self.askOrigin(.laptopRefused)
            }
        case .origin(let reason): self.askOrigin(reason)
        }
    }

    private func use(_ pipe: any BytePipe, _ session: String?) {
        let upstream = RequestUpstream(
            session: session, pipe: pipe, caller: self.caller, budget: self.core.counts.readBudget)
        if let session { self.laptops[session] = upstream } else { self.origin = upstream }
        self.request?.upstream = upstream
        // A socket is not read before.
        upstream.relay.flushNear()
    }

    private func askOrigin(_ reason: PassThroughReason) {
        if let origin { return self.reuse(origin) }
        self.core.passes(reason)
        let request = self.request
        self.core.dialOrigin(of: self.port) { [self] result in
            let isWanted = self.request === request && self.readsRequests && self.connection?.isOver == false
            switch result {
            case .success(let socket):
                guard isWanted else { return socket.reset() }
                socket.owner = self
                self.use(socket, nil)
                self.core.passedThrough(self.port)
                self.core.origin.taken()
                self.replay()
            case .failure(let error):
                self.core.logger.debug(
                    "origin unreachable",
                    metadata: [LogKey.route: "\(self.port.route)", LogKey.reason: "\(error)"])
                if isWanted { self.connection?.abort() }
            }
        }
    }

    private func reuse(_ upstream: RequestUpstream) {
        self.request?.upstream = upstream
        self.request?.taken()
    }

    /// Sends what has come of the request to an upstream that is connected just now.
    private func replay() {
        guard let request, let upstream = request.upstream, let bytes = request.replayed() else { return }
        if upstream.session == nil { request.taken() }
        self.core.counter(for: upstream.session)?.received(bytes.readableBytes)
        upstream.relay.nearSent(bytes)
        if request.isOpaque { return self.leave(to: upstream) }
        self.updateReading()
    }

    /// The upstream of the request is gone, and has not begun to answer.
    private func askAgain(_ upstream: RequestUpstream) {
        self.forget(upstream)
        guard let request, request.replay.isWhole, let session = upstream.session else {
            return self.connection?.abort() ?? ()
        }
        request.upstream = nil
        // One that has been idle may be closed at any time; a new one tells more.
        if upstream.hasAnswered, case .laptop(let link, session) = self.core.way(for: request.head, at: self.port) {
            self.ask(.laptop(link, session: session))
            if request.upstream != nil { return self.replay() }
        } else {
            self.core.laptop(answers: false, at: self.port)
            self.askOrigin(.laptopRefused)
        }
        if request.upstream != nil { self.replay() }
        self.updateReading()
    }

    private func upstream(of pipe: any BytePipe) -> RequestUpstream? { self.upstreams.first { $0.pipe === pipe } }

    private func forget(_ upstream: RequestUpstream) {
        upstream.pipe.owner = nil
        if let session = upstream.session { self.laptops[session] = nil } else { self.origin = nil }
    }

    // MARK: What they say

    func streamAccepted(_ stream: StreamPipe) {
        guard let upstream = self.upstream(of: stream) else { return }
        self.core.laptop(answers: true, at: self.port)
        self.core.counter(for: upstream.session)?.taken()
        if self.request?.upstream === upstream { self.request?.taken() }
        self.updateReading()
    }

    func pipe(_ pipe: any BytePipe, received bytes: ByteBuffer) {
        guard let upstream = self.upstream(of: pipe) else { return }
        if !self.readsRequests { return self.give(bytes, of: upstream) }
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
        while let piece = request.answer.next() {
            switch piece {
            case .interim(let bytes), .body(let bytes): self.give(bytes, of: upstream)
            case .head(let head, let bytes):
                request.keepsAlive = request.keepsAlive && head.keepsAlive
                self.give(bytes, of: upstream)
            case .end: if request.answer.hasExcess { request.keepsAlive = false }
            case .opaque(let bytes):
                self.give(bytes, of: upstream)
                return self.leave(to: upstream)
            }
        }
    }

    private func give(_ bytes: ByteBuffer, of upstream: RequestUpstream) {
        self.request?.answered()
        guard self.connection?.upstreamSent(bytes) == true else { return }
        self.core.counter(for: upstream.session)?.sent(bytes.readableBytes)
        upstream.relay.farSent(bytes)
    }

    func pipeReadComplete(_ pipe: any BytePipe) {
        guard let upstream = self.upstream(of: pipe) else { return }
        upstream.relay.flushNear()
        self.endIfDone()
        self.connection?.endBehindAnswer()
    }

    func pipeEnded(_ pipe: any BytePipe) {
        guard let upstream = self.upstream(of: pipe) else { return }
        if !self.readsRequests {
            upstream.relay.farEnded()
            return self.endIfDone()
        }
        guard let request, request.upstream === upstream else {
            // Without a tunnel the caller would see it, too. A laptop is connected to again.
            if upstream.session == nil, self.request == nil { return self.connection?.end() ?? () }
            self.forget(upstream)
            return upstream.close()
        }
        if request.replay.isWhole, upstream.session != nil { return self.askAgain(upstream) }
        if request.answer.hasEnded, request.isComplete {
            if upstream.session == nil { request.keepsAlive = false }
            self.forget(upstream)
            upstream.relay.flushNear()
            upstream.pipe.finish()
            return self.endIfDone()
        }
        // The end of an answer that lasts until then, or of one that is cut off: the caller sees the same.
        self.leave(to: upstream)
        upstream.relay.farEnded()
        self.endIfDone()
    }

    func pipeFailed(_ pipe: any BytePipe) {
        guard let upstream = self.upstream(of: pipe) else { return }
        guard self.readsRequests, let request, request.upstream === upstream else {
            if !self.readsRequests || (upstream.session == nil && self.request == nil) {
                return self.connection?.abort() ?? ()
            }
            return self.forget(upstream)
        }
        if request.replay.isWhole, upstream.session != nil { self.askAgain(upstream) } else { self.connection?.abort() }
    }

    func pipeWritabilityChanged(_ pipe: any BytePipe) {
        // What made it full is sent at the end of the turn, in one piece.
        if pipe.isWritable, self.upstream(of: pipe) != nil { self.updateReading() }
    }
}
