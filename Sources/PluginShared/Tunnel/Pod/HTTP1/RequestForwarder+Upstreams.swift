import Logging
import NIOCore

/// Asking the upstreams.
extension RequestForwarder {
    /// Has the request asked there; without one, connects.
    func ask(_ way: PodCore.Way) {
        switch way {
        case .laptop(let link, let session):
            if let upstream = self.laptops[session] {
                self.request?.upstream = upstream
            } else if let stream = link.openStream(
                route: self.port.route, caller: self.accepted.address, owner: self)
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

    func askOrigin(_ reason: PassThroughReason) {
        if let origin {
            self.request?.upstream = origin
            return
        }
        self.core.passes(reason)
        let request = self.request
        self.core.dialOrigin(of: self.port) { [self] result in
            let isWanted = self.request === request && self.isReading && self.connection?.isOver == false
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

    /// Sends what has come of the request to the upstream that it has now.
    private func replay() {
        guard let request, let upstream = request.upstream else { return }
        guard let bytes = request.replay.bytes else { return self.connection?.abort() ?? () }
        self.ask(request, with: bytes, at: upstream)
        // There is nobody else to ask.
        if upstream.session == nil { request.replay.answered() } else if upstream.isAccepted { request.replay.taken() }
        self.passEndOn()
        if request.isOpaque { return self.leave(to: upstream) }
        self.updateReading()
    }

    /// Whether a request whose upstream is gone may be asked again: not of originals, unless they have closed a connection that would
    /// not have been idle without a tunnel.
    func mayAskAgain(_ request: RequestUnderWay, _ upstream: RequestUpstream) -> Bool {
        request.replay.isWhole && (upstream.session != nil || request.isStranger)
            && (request.isComplete || !self.callerHasEnded)
    }

    /// The upstream of the request is gone, and nothing of an answer was passed on.
    func askAgain(_ upstream: RequestUpstream) {
        self.forget(upstream)
        upstream.reset()
        guard let request else { return }
        request.lost()
        request.isStranger = false
        // One that has been idle may be closed at any time; a new one tells more.
        if upstream.hasAnswered, case .laptop(let link, let session) = self.core.way(for: request.head, at: self.port),
            session == upstream.session
        {
            self.ask(.laptop(link, session: session))
        } else {
            if upstream.session != nil { self.core.laptop(answers: false, at: self.port, of: upstream.session) }
            self.askOrigin(.laptopRefused)
        }
        if request.upstream != nil { self.replay() }
        self.updateReading()
    }

    /// Whose pipe this is: as a rule, the request's. For each piece of an answer, so that nothing is allocated.
    func upstream(of pipe: any BytePipe) -> RequestUpstream? {
        if let upstream = self.request?.upstream ?? self.pipe, upstream.pipe === pipe { return upstream }
        if let origin, origin.pipe === pipe { return origin }
        return self.laptops.values.first { $0.pipe === pipe }
    }

    func forget(_ upstream: RequestUpstream) {
        upstream.pipe.owner = nil
        if let session = upstream.session { self.laptops[session] = nil } else { self.origin = nil }
    }
}
