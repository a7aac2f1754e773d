import NIOCore

/// Ends connections as they fall quiet: all of a pod, or those at the laptop of one session that leaves.
final class PodDrain {
    /// Whose connections; `nil` for all.
    let session: String?
    private let core: PodCore
    private let start: Duration
    private var stalls: DrainStalls
    private var tick: RepeatedTask?
    private var lateConnectionGrace = Duration.zero
    private var limit: Scheduled<Void>?
    private var promises: [EventLoopPromise<Void>] = []

    /// Makes one that looks once somebody waits.
    init(of session: String?, core: PodCore) {
        self.session = session
        self.core = core
        self.start = MonotonicTime.now()
        self.stalls = DrainStalls(now: self.start)
    }

    /// Looks at the connections until none is left.
    private func begin() {
        guard self.tick == nil else { return }
        self.core.endsChanged()
        let bound = NIOLoopBound(self, eventLoop: self.core.loop)
        self.tick = self.core.loop.scheduleRepeatedTask(
            initialDelay: .zero, delay: TimeAmount(self.core.timing.drainTick)
        ) { _ in bound.value.look() }
    }

    /// Waits for the end, or for the limit, when the rest is reset; the limit of the last call counts
    /// for all, and the longest grace.
    ///
    /// - Parameter lateConnectionGrace: How long after the start, and after the last connection that came, others are still
    ///   expected.
    func wait(limit: Duration, lateConnectionGrace: Duration) -> EventLoopFuture<Void> {
        self.begin()
        let promise = self.core.loop.makePromise(of: Void.self)
        self.promises.append(promise)
        self.lateConnectionGrace = max(self.lateConnectionGrace, lateConnectionGrace)
        self.limit?.cancel()
        self.limit = self.core.loop.assumeIsolated().scheduleTask(in: TimeAmount(limit)) {
            self.lateConnectionGrace = .zero
            for connection in self.connections {
                if let session = self.session { connection.reset(at: session) } else { connection.abort() }
            }
            self.endIfDone()
        }
        self.endIfDone()
        return promise.futureResult
    }

    /// Ends the wait, and looks no more.
    func stop() {
        self.tick?.cancel()
        self.tick = nil
        self.limit?.cancel()
        self.limit = nil
        let promises = self.promises
        self.promises = []
        for promise in promises { promise.succeed(()) }
    }

    /// Whether a connection is among those that are ended.
    func covers(_ connection: PodConnection) -> Bool { self.session.map(connection.isAt) ?? true }

    private var connections: [PodConnection] { self.core.openConnections.filter(self.covers) }

    /// Those that have to end for it. One whose next request goes elsewhere has not.
    private var ending: [PodConnection] {
        self.connections.filter { self.session == nil || !$0.readsRequests }
    }

    private func look() {
        let now = MonotonicTime.now()
        let links = self.core.links(of: self.session)
        if self.stalls.look(now: now, isTunnelLate: links.contains(where: \.isLate)) {
            for link in links { _ = link.ping() }
        }
        let roundTrip = links.compactMap(\.smallestRoundTrip).max() ?? .zero
        for connection in self.ending
        where connection.isQuiet(now: now, drainingSince: self.start, stalls: self.stalls, roundTrip: roundTrip) {
            connection.end()
        }
        self.endIfDone()
    }

    /// Ends the wait when no connection is left, and none is expected.
    func endIfDone() {
        guard !self.promises.isEmpty, !self.core.openConnections.contains(where: self.covers) else { return }
        let last = self.session == nil ? max(self.start, self.core.lastAccepted ?? self.start) : self.start
        guard MonotonicTime.now() - last >= self.lateConnectionGrace else { return }
        self.stop()
    }
}
