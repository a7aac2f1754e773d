import NIOCore

/// Decides, for one accepted connection, whether its bytes go through the tunnel or to the original pods.
///
/// The caller's bytes are sent with the CONNECT at once and kept until the laptop has answered 200; until then the
/// connection can be moved to the original pods without the caller noticing, after that never. A value: facts in,
/// orders out.
struct ConnectionRoute {
    /// The most bytes kept for a replay: 64 KiB. Then the caller is not read any more until the route is decided.
    static let maximumReplayByteCount = 65_536

    /// What to do with a new connection.
    enum OnAccepted: Equatable {
        /// Open a stream through the tunnel.
        case openStream
        /// Dial the origin.
        case dialOrigin
    }

    /// What to do with bytes from the caller.
    enum OnCallerSent: Equatable {
        /// Send them on.
        case forward
        /// Nobody is there to take them yet: they are kept.
        case keep
        /// Drop them: the connection is over.
        case drop
    }

    /// What to do when the caller has ended its half.
    enum OnCallerEnded: Equatable {
        /// End the same half of the other side.
        case forward
        /// Nobody is there to be told yet: it is kept.
        case keep
        /// Nothing: the connection is over.
        case nothing
    }

    /// What to do when the stream was answered with 200.
    enum OnStreamAnswered: Equatable {
        /// The tunnel has the connection for good: read the caller freely.
        case useTunnel
        /// Too late: the connection went elsewhere.
        case ignore
    }

    /// What to do when the stream was refused, reset, lost or given up.
    enum OnStreamFailed: Equatable {
        /// Dial the origin; nothing was answered yet.
        case dialOrigin
        /// Reset the caller: the answer has begun, so the other upstream cannot continue it.
        case resetCaller
        /// Nothing: the connection went elsewhere or is over.
        case ignore
    }

    /// What to do when the origin accepted.
    enum OnOriginConnected: Equatable {
        /// Send these kept bytes, and after them the caller's FIN if it has come.
        case replay(ByteBuffer, ends: Bool)
        /// Reset the origin: the caller has gone.
        case resetOrigin
    }

    /// What to do when the origin refused, or could not be reached.
    enum OnOriginFailed: Equatable {
        /// Reset the caller: no upstream is left.
        case resetCaller
        /// Nothing: the connection is over.
        case ignore
    }

    private enum State {
        /// Nothing decided. Next: `opening` or `dialling`.
        case new
        /// CONNECT was sent. Next: `tunnelled`, `dialling`, `over`.
        case opening
        /// The laptop answered 200. Next: `over`.
        case tunnelled
        /// The origin is being dialled. Next: `atOrigin`, `over`.
        case dialling
        /// The origin accepted. Next: `over`.
        case atOrigin
        /// One side failed, or both have ended. Final.
        case over
    }

    private var state: State = .new
    private var replayBuffer = ByteBuffer()
    private var callerHasEnded = false

    /// Whether the caller may be read: not while the kept bytes are at their limit.
    var allowsReading: Bool {
        switch self.state {
        case .new, .opening, .dialling: self.replayBuffer.readableBytes < ConnectionRoute.maximumReplayByteCount
        case .tunnelled, .atOrigin: true
        case .over: false
        }
    }

    /// Records a new connection.
    mutating func accepted(canUseTunnel: Bool) -> OnAccepted {
        self.state = canUseTunnel ? .opening : .dialling
        return canUseTunnel ? .openStream : .dialOrigin
    }

    /// Records bytes from the caller.
    mutating func callerSent(_ bytes: ByteBuffer) -> OnCallerSent {
        switch self.state {
        case .opening:
            self.replayBuffer.writeImmutableBuffer(bytes)
            return .forward
        case .new, .dialling:
            self.replayBuffer.writeImmutableBuffer(bytes)
            return .keep
        case .tunnelled, .atOrigin:
            return .forward
        case .over:
            return .drop
        }
    }

    /// Records that the caller will send no more.
    mutating func callerEnded() -> OnCallerEnded {
        self.callerHasEnded = true
        switch self.state {
        case .opening, .tunnelled, .atOrigin: return .forward
        case .new, .dialling: return .keep
        case .over: return .nothing
        }
    }

    /// Records that the caller has reset the connection, or that the whole of it has ended.
    mutating func finished() {
        self.state = .over
        self.replayBuffer = ByteBuffer()
    }

    /// Records the laptop's 200.
    mutating func streamAnswered() -> OnStreamAnswered {
        switch self.state {
        case .opening:
            self.state = .tunnelled
            self.replayBuffer = ByteBuffer()
            return .useTunnel
        case .new, .tunnelled, .dialling, .atOrigin, .over:
            return .ignore
        }
    }

    /// Records that the stream was refused, reset, lost with its link, or given up for lack of an answer.
    mutating func streamFailed() -> OnStreamFailed {
        switch self.state {
        case .opening:
            self.state = .dialling
            return .dialOrigin
        case .tunnelled:
            self.finished()
            return .resetCaller
        case .new, .dialling, .atOrigin, .over:
            return .ignore
        }
    }

    /// Records that the origin accepted.
    mutating func originConnected() -> OnOriginConnected {
        switch self.state {
        case .dialling:
            let replayBuffer = self.replayBuffer
            self.replayBuffer = ByteBuffer()
            self.state = .atOrigin
            return .replay(replayBuffer, ends: self.callerHasEnded)
        case .new, .opening, .tunnelled, .atOrigin, .over:
            return .resetOrigin
        }
    }

    /// Records that the origin could not be dialled.
    mutating func originFailed() -> OnOriginFailed {
        switch self.state {
        case .dialling:
            self.finished()
            return .resetCaller
        case .new, .opening, .tunnelled, .atOrigin, .over:
            return .ignore
        }
    }
}
