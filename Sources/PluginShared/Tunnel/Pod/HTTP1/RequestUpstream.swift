import NIOCore

/// A connection on which requests of one caller are asked, one after the other: to a laptop's process, or to the originals.
final class RequestUpstream {
    /// The session whose laptop it is; `nil` for the originals.
    let session: String?
    let pipe: any BytePipe
    let relay: Relay
    /// Whether the other side has taken the connection.
    var isAccepted: Bool
    /// Whether it has answered a request before, and so may be closed for having been idle.
    var hasAnswered = false

    /// Takes a connection over.
    init(session: String?, pipe: any BytePipe, caller: SocketPipe, budget: ReadBudget) {
        self.session = session
        self.pipe = pipe
        self.isAccepted = session == nil
        self.relay = Relay(near: caller, far: pipe, budget: budget)
    }

    /// Lets go of it with FIN: nothing is under way on it.
    func close() {
        self.pipe.owner = nil
        self.pipe.finish()
        // So that its end is seen, too.
        self.pipe.setReading(true)
    }

    /// Lets go of it with a reset.
    func reset() {
        self.pipe.owner = nil
        self.pipe.reset()
    }
}
