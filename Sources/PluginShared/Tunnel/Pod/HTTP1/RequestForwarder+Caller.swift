import Logging
import NIOCore
import Requests

/// What the caller sends, and where it goes.
extension RequestForwarder {
    func callerSent(_ bytes: ByteBuffer) {
        if let successor { return successor.callerSent(bytes) }
        if let pipe { return pipe.relay.nearSent(bytes) }
        self.reader.append(bytes)
        self.readOn()
    }

    func callerEnded() {
        if let successor { return successor.callerEnded() }
        self.callerHasEnded = true
        if let pipe {
            pipe.relay.nearEnded()
            return self.endIfDone()
        }
        self.readOn()
        if self.request == nil, self.isReading, self.reader.byteCount > 0 {
            return self.leaveToBytes(self.reader.takeRest())
        }
        self.passEndOn()
        self.endIfDone()
    }

    func callerReadComplete() {
        if self.successor == nil { self.endIfDone() }
        if let successor { return successor.callerReadComplete() }
        self.updateReading()
    }

    func callerWritabilityChanged() {
        if let successor { return successor.callerWritabilityChanged() }
        (self.pipe ?? self.request?.upstream)?.relay.flushNear()
        self.endIfDone()
    }

    /// A caller that ends in the middle of a request sends no more of it. One that is told so early may not answer: whoever has all of
    /// a request is not.
    func passEndOn() {
        if self.callerHasEnded, let request, !request.isComplete { request.upstream?.pipe.finish() }
    }

    /// Takes as much of what the caller has sent as belongs to the request under way, and begins the next when there is none.
    func readOn() {
        if !self.isHTTP, self.reader.byteCount > 0 {
            switch self.reader.callerProtocol {
            case .http1: self.isHTTP = true
            case nil: if !self.callerHasEnded { return }
            case .http2: return self.leaveToHTTP2(self.reader.takeRest())
            case .tls: return self.leaveToBytes(self.reader.takeRest(), "TLS")
            case .unknown: return self.leaveToBytes(self.reader.takeRest(), "no HTTP")
            }
        }
        if let request, request.isComplete, request.hasOpaqueAnswer, self.reader.byteCount > 0 {
            // The caller knows that its answer has ended; whose this is nobody could see.
            return self.endConnection()
        }
        while self.request?.isComplete != true, self.isReading, let piece = self.reader.next() {
            switch piece {
            case .head(let head, let bytes): self.begin(head, bytes)
            case .body(let bytes):
                self.request?.hasBody = true
                self.send(bytes)
            case .end: self.request?.isComplete = true
            case .opaque(let why, let bytes):
                self.core.logger.debug(
                    "not read as HTTP", metadata: [LogKey.stream: "\(self.accepted.id)", LogKey.reason: "\(why)"])
                self.stopReading(bytes)
            }
        }
    }

    private func begin(_ came: RequestHead, _ bytes: ByteBuffer) {
        // Who took an offer of HTTP/2 would get all that follows.
        let plain = came.withoutHTTP2
        let (head, bytes) = (plain ?? came, plain.map { ByteBuffer(bytes: $0.fields.bytes) } ?? bytes)
        // What it asks for is a connection.
        guard !head.isConnect else {
            var all = bytes
            all.writeImmutableBuffer(self.reader.takeRest())
            return self.leaveToBytes(all)
        }
        let request = RequestUnderWay(head, budget: self.core.replayBudget)
        self.request = request
        self.ask(self.core.way(for: head, at: self.port))
        if let upstream = request.upstream {
            request.isStranger = upstream.hasAnswered && upstream !== self.lastAsked
            if upstream.isAccepted { request.replay.taken() }
        }
        request.replay.keep(bytes)
        if let upstream = request.upstream { self.ask(request, with: bytes, at: upstream) }
    }

    private func send(_ bytes: ByteBuffer) {
        self.request?.replay.keep(bytes)
        guard let upstream = self.request?.upstream else { return }
        self.lastAsked = upstream
        self.core.counter(for: upstream.session)?.received(bytes.readableBytes)
        upstream.relay.nearSent(bytes)
    }

    /// Asks a request of an upstream, from its first byte on.
    ///
    /// - Parameter bytes: What has come of it: its whole head, and perhaps more.
    func ask(_ request: RequestUnderWay, with bytes: ByteBuffer, at upstream: RequestUpstream) {
        self.lastAsked = upstream
        self.core.counter(for: upstream.session)?.received(bytes.readableBytes)
        upstream.relay.nearSent(self.telling(request, bytes, to: upstream))
    }

    /// The bytes as this upstream gets them: where a rule brings a request to a laptop, its process learns who called.
    private func telling(_ request: RequestUnderWay, _ bytes: ByteBuffer, to upstream: RequestUpstream) -> ByteBuffer {
        guard let session = upstream.session, self.core.tellsCaller(session), let forwarded else { return bytes }
        var told = ByteBuffer(bytes: forwarded.head(of: request.head))
        var rest = bytes
        rest.moveReaderIndex(forwardBy: min(rest.readableBytes, request.head.byteCount))
        told.writeImmutableBuffer(rest)
        return told
    }

    /// From here on it is not certain what the caller's bytes are.
    private func stopReading(_ bytes: ByteBuffer) {
        guard self.request != nil else { return self.leaveToBytes(bytes) }
        guard let upstream = self.request?.upstream else {
            self.request?.replay.keep(bytes)
            self.request?.isOpaque = true
            return
        }
        // They may be another's next request, which no laptop is to get.
        guard upstream.session == nil else { return self.connection?.abort() ?? () }
        self.send(bytes)
        self.leave(to: upstream)
    }

    /// Everything from here on goes where a connection of the port goes.
    ///
    /// - Parameter name: What the caller speaks, where that is why.
    private func leaveToBytes(_ bytes: ByteBuffer, _ name: String? = nil) {
        if let name { self.core.callerIsNotRead(at: self.port, name) }
        self.leave(to: ByteForwarder(self.accepted, core: self.core), bytes)
    }

    /// Each stream from here on goes to whoever it belongs to.
    private func leaveToHTTP2(_ bytes: ByteBuffer) {
        self.leave(to: HTTP2Forwarder(self.accepted, core: self.core), bytes)
    }

    private func leave(to forwarder: any Forwarder, _ bytes: ByteBuffer) {
        for upstream in self.upstreams { upstream.close() }
        (self.laptops, self.origin) = ([:], nil)
        forwarder.connection = self.connection
        self.successor = forwarder
        forwarder.start()
        forwarder.endsBehindAnswers = self.endsBehindAnswers
        forwarder.callerSent(bytes)
        if self.callerHasEnded { forwarder.callerEnded() }
    }

    /// Everything from here on goes to this upstream, both ways.
    func leave(to upstream: RequestUpstream) {
        self.pipe = upstream
        self.request = nil
        for other in self.upstreams where other !== upstream { other.close() }
        self.laptops = upstream.session.map { [$0: upstream] } ?? [:]
        self.origin = upstream.session == nil ? upstream : nil
        let rest = self.reader.takeRest()
        if rest.readableBytes > 0 { upstream.relay.nearSent(rest) }
        if self.callerHasEnded { upstream.relay.nearEnded() }
        self.updateReading()
    }
}
