import Logging
import NIOCore
import NIOPosix

/// Carries one accepted connection: does what `ConnectionRoute` orders, and relays the bytes.
final class PodConnection: StreamPipeOwner {
    let id: UInt64
    let port: ProxyPort
    private(set) var activity: ConnectionActivity
    /// Whether it was ended here, and only the other sides' FINs are waited for.
    private var isEnding = false
    private let caller: SocketPipe
    private let callerAddress: String
    private let core: PodCore
    private var route = ConnectionRoute()
    private var relay: Relay?
    private var far: (any BytePipe)?
    private var isOver = false
    private var exchange: HTTP1Exchange?

    /// Whether the connection is to be ended right behind an answer, where it speaks HTTP/1.
    var endsBehindAnswers: Bool {
        get { self.exchange != nil }
        set { if newValue != self.endsBehindAnswers { self.exchange = newValue ? HTTP1Exchange() : nil } }
    }

    /// Whether the origin has the connection.
    var passesThrough: Bool { self.far is SocketPipe }

    /// Takes over a connection that was accepted just now.
    init(id: UInt64, port: ProxyPort, caller: SocketPipe, callerAddress: String, core: PodCore) {
        self.id = id
        self.port = port
        self.caller = caller
        self.callerAddress = callerAddress
        self.core = core
        self.activity = ConnectionActivity(acceptedAt: MonotonicTime.now())
    }

    /// Whether the connection could be ended now without hurting a request.
    func isQuiet(now: Duration, drainingSince start: Duration, stalls: DrainStalls, roundTrip: Duration) -> Bool {
        guard !self.isEnding, !self.isOver, self.relay?.holdsBytes != true else { return false }
        switch self.exchange?.standing {
        case .answering: return false
        case .answered: return true
        case .unknown, nil: break
        }
        return DrainPolicy.isQuiet(
            self.activity, now: now, drainingSince: start,
            stalled: self.far is StreamPipe ? stalls.tunnel : stalls.here,
            roundTrip: roundTrip)
    }

    /// Decides where the connection goes and begins to read it.
    func start() {
        self.caller.owner = self
        let link = self.port.isIntercepted ? self.core.usableLink : nil
        self.core.logger.trace(
            "connection accepted",
            metadata: [
                LogKey.stream: "\(self.id)", LogKey.route: "\(self.port.route)", LogKey.peer: "\(self.callerAddress)",
            ]
        )
        switch self.route.accepted(canUseTunnel: link != nil) {
        case .openStream:
            let stream = link?.openStream(route: self.port.route, caller: self.callerAddress, owner: self)
            if let stream {
                self.use(stream)
            } else {
                self.streamFailed()
            }
        case .dialOrigin:
            self.dialOrigin()
        }
        self.updateReading()
    }

    /// Ends both sides with FIN, and closes what is still open after a while.
    func end() {
        guard !self.isEnding, !self.isOver else { return }
        self.isEnding = true
        self.caller.finish()
        self.caller.setReading(true)
        self.far?.finish()
        guard self.far != nil else { return self.cut() }
        self.core.loop.assumeIsolated().scheduleTask(in: TimeAmount(self.core.timing.endingLimit)) { self.cut() }
    }

    /// Ends it where that is due: nothing that was asked for is in flight, and what comes next has hardly begun.
    private func endBehindAnswer() {
        guard self.exchange?.standing == .answered, self.relay?.holdsBytes == false else { return }
        self.end()
    }

    private func cut() {
        let far = self.far
        self.finish()
        self.caller.close()
        far?.owner = nil
        far?.reset()
    }

    /// Resets both sides: the connection was cut off in the middle of something, and both should know.
    func abort() {
        let far = self.far
        self.finish()
        self.caller.reset()
        far?.owner = nil
        far?.reset()
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
        guard !self.isOver else { return }
        if let relay = self.relay {
            relay.flushFar(allowsReading: self.route.allowsReading)
        } else {
            self.caller.setReading(self.route.allowsReading)
        }
    }

    private func finishIfDone() {
        guard let relay = self.relay, relay.isFinished else { return }
        self.finish()
    }

    /// Lets go of both sides; the caller's socket counts as open until its last bytes are sent.
    private func finish() {
        guard !self.isOver else { return }
        self.isOver = true
        self.route.finished()
        self.relay = nil
        self.far = nil
    }

    // MARK: The origin

    private func dialOrigin() {
        self.core.dialOrigin(of: self.port) { [self] result in
            switch result {
            case .success(let origin):
                switch self.route.originConnected() {
                case .replay(let buffer, let ends):
                    origin.owner = self
                    self.use(origin)
                    self.core.passedThrough(self)
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
                case .resetCaller: self.abort()
                case .ignore: break
                }
            }
        }
    }

    private func streamFailed() {
        switch self.route.streamFailed() {
        case .dialOrigin:
            self.core.laptop(answers: false, for: self)
            self.relay = nil
            self.far = nil
            self.dialOrigin()
            self.updateReading()
        case .resetCaller:
            self.abort()
        case .ignore:
            break
        }
    }

    // MARK: What the pipes say

    func streamAccepted(_ stream: StreamPipe) {
        guard stream === self.far else { return }
        switch self.route.streamAnswered() {
        case .useTunnel:
            self.core.laptop(answers: true, for: self)
            self.readEagerly()
            self.updateReading()
        case .ignore:
            break
        }
    }

    func pipe(_ pipe: any BytePipe, received bytes: ByteBuffer) {
        if pipe === self.caller {
            // What comes after the drain's FIN belongs to a request that will not be answered.
            guard !self.isEnding else { return }
            self.activity.callerSent(now: MonotonicTime.now())
            self.exchange?.callerSent(bytes)
            switch self.route.callerSent(bytes) {
            case .forward: self.relay?.nearSent(bytes)
            case .keep, .drop: break
            }
        } else if pipe === self.far {
            guard !self.isEnding else { return }
            self.activity.serverSent(now: MonotonicTime.now())
            self.exchange?.serverSent(bytes)
            self.relay?.farSent(bytes)
        }
    }

    func pipeReadComplete(_ pipe: any BytePipe) {
        if pipe === self.caller {
            self.updateReading()
        } else if pipe === self.far {
            self.relay?.flushNear()
            self.finishIfDone()
            self.endBehindAnswer()
        }
    }

    func pipeEnded(_ pipe: any BytePipe) {
        if pipe === self.caller {
            if !self.isEnding { self.activity.callerSent(now: MonotonicTime.now()) }
            switch self.route.callerEnded() {
            case .forward: self.relay?.nearEnded()
            case .keep, .nothing: break
            }
        } else if pipe === self.far {
            self.relay?.farEnded()
        }
        self.finishIfDone()
    }

    func pipeFailed(_ pipe: any BytePipe) {
        if pipe === self.caller {
            self.abort()
        } else if pipe === self.far {
            if pipe is StreamPipe {
                self.streamFailed()
            } else {
                self.abort()
            }
        }
    }

    func pipeWritabilityChanged(_ pipe: any BytePipe) {
        if pipe === self.caller {
            self.relay?.flushNear()
            self.finishIfDone()
            self.endBehindAnswer()
        } else if pipe === self.far, pipe.isWritable {
            // What made it full is sent at the end of the turn, in one piece.
            self.updateReading()
        }
    }
}
