import Logging
import NIOCore

/// Carries bytes as they are: does what ``ConnectionRoute`` orders.
final class ByteForwarder: Forwarder, StreamPipeOwner {
    weak var connection: PodConnection?
    private(set) var session: String?
    private let accepted: AcceptedCaller
    private let core: PodCore
    private var route = ConnectionRoute()
    private var relay: Relay?
    private var far: (any BytePipe)?
    /// Of whoever has the connection.
    private var counter: TrafficCounter?
    /// While the connection is to be ended behind an answer.
    private var exchange: HTTP1Exchange?
    /// Bytes that the laptop was sent before it took the connection.
    private var kept = 0

    /// Makes one for a caller that was accepted just now.
    init(_ accepted: AcceptedCaller, core: PodCore) {
        self.accepted = accepted
        self.core = core
    }

    private var port: ProxyPort { self.accepted.port }
    private var caller: SocketPipe { self.accepted.pipe }

    let readsRequests = false
    var standing: HTTP1Exchange.Standing { self.exchange?.standing ?? .unknown }
    var passesThrough: Bool { self.far is SocketPipe }
    var holdsBytes: Bool? { self.relay?.holdsBytes }

    var endsBehindAnswers: Bool {
        get { self.exchange != nil }
        set {
            self.passOnRest()
            self.exchange = newValue ? HTTP1Exchange(isFresh: self.connection?.activity.isFresh == true) : nil
        }
    }

    func start() {
        let way = self.core.way(for: self.port.route)
        self.core.logger.trace(
            "connection accepted",
            metadata: [
                LogKey.stream: "\(self.accepted.id)", LogKey.route: "\(self.port.route)",
                LogKey.peer: "\(self.accepted.address)",
            ]
        )
        switch (self.route.accepted(canUseTunnel: way.isLaptop), way) {
        case (.openStream, .laptop(let link, let session)):
            self.session = session
            if let stream = link.openStream(route: self.port.route, caller: self.accepted.address, owner: self) {
                self.use(stream)
            } else {
                self.streamFailed()
            }
        case (_, .origin(let reason)):
            self.core.passes(reason)
            self.dialOrigin()
        case (.dialOrigin, .laptop): self.dialOrigin()
        }
        self.updateReading()
    }

    func finish() -> Bool {
        self.far?.finish()
        return self.far != nil
    }

    func reset() {
        let far = self.far
        self.letGo()
        far?.owner = nil
        far?.reset()
    }

    private func letGo() {
        self.route.finished()
        self.relay = nil
        self.far = nil
    }

    private func use(_ pipe: any BytePipe) {
        self.far = pipe
        self.relay = Relay(near: self.caller, far: pipe, budget: self.core.counts.readBudget)
    }

    /// Only once nothing is kept for a replay any more, which is bounded.
    private func readEagerly() {
        guard self.core.connectionCount <= SocketPipe.eagerReaders else { return }
        self.caller.readEagerly()
    }

    private func updateReading() {
        guard self.connection?.isOver == false else { return }
        if let relay = self.relay {
            relay.flushFar(allowsReading: self.route.allowsReading)
        } else {
            self.caller.setReading(self.route.allowsReading)
        }
    }

    private func endIfDone() {
        guard let relay = self.relay, relay.isFinished else { return }
        self.letGo()
        self.connection?.forwarderEnded()
    }

    // MARK: Upstreams

    private func dialOrigin() {
        self.core.dialOrigin(of: self.port) { [self] result in
            switch result {
            case .success(let origin):
                switch self.route.originConnected() {
                case .replay(let buffer, let ends):
                    origin.owner = self
                    self.use(origin)
                    self.core.passedThrough(self.port)
                    // A recall may have begun while the origin was dialled.
                    if let connection = self.connection { self.core.endChanged(of: connection) }
                    self.counter = self.core.origin
                    self.counter?.taken()
                    self.counter?.received(buffer.readableBytes)
                    if buffer.readableBytes > 0 { self.relay?.nearSent(buffer) }
                    if ends { self.relay?.nearEnded() }
                    self.updateReading()
                    self.relay?.flushNear()
                case .resetOrigin:
                    origin.reset()
                }
            case .failure(let error):
                self.core.logger.debug(
                    "origin unreachable",
                    metadata: [LogKey.route: "\(self.port.route)", LogKey.reason: "\(error)"]
                )
                switch self.route.originFailed() {
                case .resetCaller: self.connection?.abort()
                case .ignore: break
                }
            }
        }
    }

    private func streamFailed() {
        switch self.route.streamFailed() {
        case .dialOrigin:
            self.core.laptop(answers: false, at: self.port, of: self.session)
            self.core.passes(.laptopRefused)
            self.session = nil
            self.relay = nil
            self.far = nil
            self.dialOrigin()
            self.updateReading()
        case .resetCaller:
            self.connection?.abort()
        case .ignore:
            break
        }
    }

    // MARK: What the caller does

    func callerSent(_ bytes: ByteBuffer) {
        // Behind its last request: nobody would answer it.
        if self.exchange?.isLast == true { return }
        self.exchange?.callerSent(bytes, isAnswered: self.connection?.activity.isAnswered == true)
        switch self.route.callerSent(bytes) {
        case .forward:
            self.kept += self.counter == nil ? bytes.readableBytes : 0
            self.counter?.received(bytes.readableBytes)
            self.relay?.nearSent(bytes)
        case .keep, .drop: break
        }
    }

    func callerEnded() {
        switch self.route.callerEnded() {
        case .forward: self.relay?.nearEnded()
        case .keep, .nothing: break
        }
        self.endIfDone()
    }

    func callerReadComplete() {
        self.updateReading()
    }

    func callerWritabilityChanged() {
        self.relay?.flushNear()
        self.endIfDone()
    }

    // MARK: What the upstream does

    func streamAccepted(_ stream: StreamPipe) {
        guard stream === self.far else { return }
        switch self.route.streamAnswered() {
        case .useTunnel:
            self.core.laptop(answers: true, at: self.port, of: self.session)
            self.counter = self.session.flatMap(self.core.counter)
            self.counter?.taken()
            self.counter?.received(self.kept)
            self.readEagerly()
            self.updateReading()
        case .ignore:
            break
        }
    }

    func pipe(_ pipe: any BytePipe, received bytes: ByteBuffer) {
        guard pipe === self.far, self.connection?.upstreamSent(bytes) == true else { return }
        self.give(self.exchange?.serverSent(bytes) ?? bytes)
    }

    private func give(_ bytes: ByteBuffer) {
        guard bytes.readableBytes > 0 else { return }
        self.counter?.sent(bytes.readableBytes)
        self.relay?.farSent(bytes)
    }

    /// What was kept of a head that is followed no further.
    private func passOnRest() {
        guard let rest = self.exchange?.takeRest() else { return }
        self.give(rest)
        self.relay?.flushNear()
    }

    func pipeReadComplete(_ pipe: any BytePipe) {
        guard pipe === self.far else { return }
        self.relay?.flushNear()
        self.endIfDone()
        self.connection?.endBehindAnswer()
    }

    func pipeEnded(_ pipe: any BytePipe) {
        if pipe === self.far {
            self.passOnRest()
            self.relay?.farEnded()
        }
        self.endIfDone()
    }

    func pipeFailed(_ pipe: any BytePipe) {
        guard pipe === self.far else { return }
        if pipe is StreamPipe {
            self.streamFailed()
        } else {
            self.connection?.abort()
        }
    }

    func pipeWritabilityChanged(_ pipe: any BytePipe) {
        // What made it full is sent at the end of the turn, in one piece.
        if pipe === self.far, pipe.isWritable { self.updateReading() }
    }
}
