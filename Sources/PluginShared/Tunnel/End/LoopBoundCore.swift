import NIOCore

/// A core on its one event loop, and the events that it reports: what each public end of a tunnel is a door to.
struct LoopBoundCore<Core: TunnelCore, Event: Sendable>: Sendable {
    /// What happens, in order. For one reader; more than 1,024 unread events push out the oldest.
    let events: AsyncStream<Event>
    let loop: any EventLoop
    let counts = ConnectionCounts()
    private let box: NIOLoopBoundBox<Core>
    private let continuation: AsyncStream<Event>.Continuation

    /// Makes a core for this event loop; `report` and `finish` are the core's way to ``events``.
    init(
        on loop: any EventLoop,
        make: (_ counts: ConnectionCounts, _ events: AsyncStream<Event>.Continuation) -> sending Core
    ) {
        (self.events, self.continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1024))
        self.loop = loop
        self.box = NIOLoopBoundBox.makeBoxSendingValue(make(self.counts, self.continuation), eventLoop: loop)
    }

    /// The core; on its event loop only.
    var core: Core { self.box.value }

    /// The result of something that the core does; `nil` when the event loop is gone.
    func run<Value: Sendable>(_ body: @escaping @Sendable (Core) -> Value) async -> Value? {
        try? await self.loop.submit { body(self.core) }.get()
    }

    /// The result of something that the core begins.
    func wait<Value: Sendable>(
        for body: @escaping @Sendable (Core) -> EventLoopFuture<Value>
    ) async throws -> Value {
        try await self.loop.flatSubmit { body(self.core) }.get()
    }

    /// No events follow.
    func finish() { self.continuation.finish() }
}

extension LoopBoundCore where Core: ListeningCore {
    /// Binds the core's ports.
    ///
    /// - Throws: `TunnelError` with `bindFailed` when one cannot be bound.
    func start() async throws(TunnelError) {
        do {
            try await self.wait { $0.start() }
        } catch {
            await self.shutdown()
            throw TunnelError(code: .bindFailed, message: "cannot listen: \(error)")
        }
    }

    /// Sends a line to a session's laptop; dropped when there is no link.
    func send(control: String, to session: String) {
        self.loop.execute { self.core.links[session]?.send(control: control) }
    }

    /// Closes the ports, and ends the links.
    func shutdown() async {
        try? await self.wait { $0.shutdown() }
        self.finish()
    }
}

extension LoopBoundCore where Core: DiallingCore {
    /// Connects the core to the pod.
    func connect(
        host: String, port: Int, identity: LaptopIdentity, timeout: Duration
    ) async throws(TunnelError) {
        do {
            try await self.wait { $0.connect(host: host, port: port, identity: identity, timeout: timeout) }
        } catch let error as TunnelError {
            throw error
        } catch {
            throw TunnelError(code: .connectFailed, message: "\(error)")
        }
    }

    /// Sends a line to the pod; dropped when there is no link.
    func send(control: String) {
        self.loop.execute { self.core.link?.send(control: control) }
    }

    /// Sends a PING; the result is its round trip.
    ///
    /// - Throws: `TunnelError` with `connectionClosed` when the tunnel has ended or ends before the answer.
    func ping() async throws(TunnelError) -> Duration {
        let closed = TunnelError(code: .connectionClosed, message: "the tunnel has ended")
        do {
            return try await self.wait { $0.link?.ping() ?? self.loop.makeFailedFuture(closed) }
        } catch let error as TunnelError {
            throw error
        } catch {
            throw closed
        }
    }

    /// Says goodbye and ends the tunnel.
    func close() async {
        _ = await self.run { $0.link?.close(reason: "closed by this end") }
    }
}
