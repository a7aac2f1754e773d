import NIOCore

/// Owns one accepted connection, its life and its end; where its bytes go is its ``Forwarder``'s.
final class PodConnection: BytePipeOwner {
    let id: UInt64
    let port: ProxyPort
    private(set) var activity: ConnectionActivity
    /// Whether both sides are done, or let go of; the caller's socket counts as open until its last bytes are sent.
    private(set) var isOver = false
    /// Whether it was ended here, and only the other sides' FINs are waited for.
    private var isEnding = false
    private let caller: SocketPipe
    private let forwarder: any Forwarder
    /// What others see of it; `nil` for nobody.
    private let copies: ConnectionCopies?
    private let core: PodCore

    /// Whether the connection is to be ended behind an answer that says so, where it speaks HTTP/1.
    var endsBehindAnswers: Bool {
        get { self.forwarder.endsBehindAnswers }
        set { if newValue != self.endsBehindAnswers { self.forwarder.endsBehindAnswers = newValue } }
    }

    /// The session whose laptop has the connection, or is asked for it; `nil` for the origin.
    var session: String? { self.forwarder.session }
    /// Whether a session's laptop has it, or one of its requests.
    func isAt(_ session: String) -> Bool { self.forwarder.isAt(session) }
    /// Whether each of its requests goes to whoever it belongs to.
    var readsRequests: Bool { self.forwarder.readsRequests }
    /// Whether the origin has the connection.
    var passesThrough: Bool { self.forwarder.passesThrough }

    /// Takes over a connection that was accepted just now.
    init(
        id: UInt64, port: ProxyPort, caller: SocketPipe, forwarder: any Forwarder, copies: ConnectionCopies? = nil,
        core: PodCore
    ) {
        self.id = id
        self.port = port
        self.caller = caller
        self.forwarder = forwarder
        self.copies = copies
        self.core = core
        self.activity = ConnectionActivity(acceptedAt: MonotonicTime.now())
        forwarder.connection = self
    }

    /// Decides where the connection goes and begins to read it.
    func start() {
        self.caller.owner = self
        self.forwarder.start()
    }

    /// Whether the connection could be ended now without hurting a request.
    func isQuiet(now: Duration, drainingSince start: Duration, stalls: DrainStalls, roundTrip: Duration) -> Bool {
        guard !self.isEnding, !self.isOver, self.forwarder.holdsBytes != true else { return false }
        switch self.forwarder.standing {
        case .answering: return false
        case .closing: return true
        // The next request may be on its way.
        case .answered, .unknown: break
        }
        return DrainPolicy.isQuiet(
            self.activity, now: now, drainingSince: start,
            stalled: self.session == nil ? stalls.here : stalls.tunnel,
            roundTrip: roundTrip)
    }

    /// Ends both sides with FIN, and closes what is still open after a while.
    func end() {
        guard !self.isEnding, !self.isOver else { return }
        self.isEnding = true
        self.copies?.callerEnded()
        self.caller.finish()
        self.caller.setReading(true)
        if !self.forwarder.finish(), self.caller.hasSentAll { return self.cut() }
        self.cutLater()
    }

    /// A caller that is slow gets the rest of its answer; a drain's own limit is for one that never does.
    private func cutLater() {
        self.core.loop.assumeIsolated().scheduleTask(in: TimeAmount(self.core.timing.endingLimit)) {
            if self.caller.hasSentAll || self.isOver { self.cut() } else { self.cutLater() }
        }
    }

    /// Ends it where that is due: the caller has all of the last answer, and sends no other request.
    func endBehindAnswer() {
        if self.forwarder.standing == .closing, self.forwarder.holdsBytes == false { self.end() }
    }

    private func cut() {
        self.isOver = true
        self.caller.close()
        self.forwarder.reset()
    }

    /// Gives up what a session's laptop has of it; all of it, where that is not several requests at once.
    func reset(at session: String) { self.forwarder.reset(at: session) }

    /// Resets both sides: the connection was cut off in the middle of something, and both should know.
    func abort() {
        self.isOver = true
        self.caller.reset()
        self.forwarder.reset()
        self.copies?.cut()
    }

    // MARK: What the forwarder says

    /// Bytes came from the upstream.
    ///
    /// - Returns: Whether the caller still gets them.
    func upstreamSent(_ bytes: ByteBuffer) -> Bool {
        guard !self.isEnding else { return false }
        self.activity.serverSent(now: MonotonicTime.now())
        self.copies?.upstreamSent(bytes)
        return true
    }

    /// Both halves have ended properly.
    func forwarderEnded() { self.isOver = true }

    // MARK: What the caller does

    func pipe(_ pipe: any BytePipe, received bytes: ByteBuffer) {
        // What comes after the drain's FIN belongs to a request that will not be answered.
        guard !self.isEnding else { return }
        // By what was before, a forwarder sees whether a request can begin here.
        self.forwarder.callerSent(bytes)
        self.copies?.callerSent(bytes)
        self.activity.callerSent(now: MonotonicTime.now())
    }

    func pipeReadComplete(_ pipe: any BytePipe) {
        self.forwarder.callerReadComplete()
        self.copies?.callerReadComplete()
    }

    func pipeEnded(_ pipe: any BytePipe) {
        if !self.isEnding { self.activity.callerSent(now: MonotonicTime.now()) }
        self.forwarder.callerEnded()
        self.copies?.callerEnded()
    }

    func pipeFailed(_ pipe: any BytePipe) {
        self.abort()
    }

    func pipeWritabilityChanged(_ pipe: any BytePipe) {
        self.forwarder.callerWritabilityChanged()
        self.endBehindAnswer()
    }
}
