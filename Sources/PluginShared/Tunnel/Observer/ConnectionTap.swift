import NIOCore

/// Shows an observer what passes on a connection, and reports what that finds.
final class ConnectionTap {
    private let observation: RequestObservation
    private let connection: ObservedConnection
    private let budget: ContentBudget
    private var observer: ConnectionObserver
    /// What the budget knows of.
    private var counted = 0

    /// A tap of a connection.
    ///
    /// - Parameter budget: Bounds what all taps of this end keep.
    init(_ observation: RequestObservation, _ connection: ObservedConnection, budget: ContentBudget) {
        self.observation = observation
        self.connection = connection
        self.budget = budget
        self.observer = ConnectionObserver(keepsContent: observation.keepsContent)
    }

    /// Whether there is nothing more to see.
    var isOver: Bool { self.observer.isOver }

    deinit { self.budget.byteCount -= self.counted }

    /// The caller sent bytes.
    func callerSent(_ bytes: ByteBuffer) {
        self.report(self.observer.callerSent(bytes, at: MonotonicTime.now(), keeps: !self.budget.isExceeded))
    }

    /// The local process sent bytes.
    func serverSent(_ bytes: ByteBuffer) {
        self.report(self.observer.serverSent(bytes, at: MonotonicTime.now(), keeps: !self.budget.isExceeded))
    }

    /// The connection is over, or the local process has ended its half.
    func ended(_ end: ObservedRequest.End) {
        self.report(self.observer.ended(end, at: MonotonicTime.now()))
    }

    private func report(_ events: [ObservedEvent]) {
        let kept = self.observer.keptByteCount
        self.budget.byteCount += kept - self.counted
        self.counted = kept
        for event in events { self.observation.report(event, self.connection) }
    }
}

/// What all taps of an end keep of contents; on its event loop only.
final class ContentBudget {
    /// The most: 64 MiB, 32 requests with 1 MiB each way. Above, contents are cut off where they are.
    static let limit = 64 * 1_048_576

    var byteCount = 0

    var isExceeded: Bool { self.byteCount >= Self.limit }
}
