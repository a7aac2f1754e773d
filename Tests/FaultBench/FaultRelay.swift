import Synchronization

/// Stands between two ends of TCP connections, and is as bad a network as is asked of it.
package final class FaultRelay: Sendable {
    /// How the network is; each direction has it.
    package struct Weather: Sendable, Equatable {
        /// How long bytes are under way, one way.
        package var delay = Duration.zero
        /// By how much longer they may be, by chance; their order stays.
        package var jitter = Duration.zero
        /// How many bytes pass in a second, per connection and direction; `nil` for all.
        package var bytesPerSecond: Int?
        /// How much later a FIN passes than the bytes before it.
        package var closeDelay = Duration.zero
        /// Whether nothing passes at all, FIN included; what came meanwhile passes afterwards.
        package var isSilent = false

        /// Fair weather.
        package init(
            delay: Duration = .zero, jitter: Duration = .zero, bytesPerSecond: Int? = nil, closeDelay: Duration = .zero
        ) {
            self.delay = delay
            self.jitter = jitter
            self.bytesPerSecond = bytesPerSecond
            self.closeDelay = closeDelay
        }
    }

    private struct State {
        var weather = Weather()
        var connections: [RelayConnection] = []
        var endings: [RawSocketError?] = []
    }

    private let state = Mutex(State())
    private let server = Mutex<RawServer?>(nil)

    /// Listens on a free port of loopback, and connects on to an IPv4 address.
    package init(to host: String = "127.0.0.1", port: Int) throws {
        let server = try RawServer { [self] near in
            guard let far = try? RawSocket.connect(host: host, port: port) else { return near.close() }
            let connection = RelayConnection(near: near, far: far, relay: self)
            self.state.withLock { state in
                state.connections.removeAll(where: \.isOver)
                state.connections.append(connection)
            }
            connection.run()
        }
        self.server.withLock { $0 = server }
    }

    /// Where it listens.
    package var port: Int { self.server.withLock { $0?.port ?? 0 } }

    /// How the network is, for bytes that come from now on; silence counts for those under way, too.
    package var weather: Weather {
        get { self.state.withLock { $0.weather } }
        set { self.state.withLock { $0.weather = newValue } }
    }

    /// How each direction ended so far: `nil` for FIN, or the error.
    package var endings: [RawSocketError?] { self.state.withLock { $0.endings } }

    func note(_ ending: RawSocketError?) {
        self.state.withLock { $0.endings.append(ending) }
    }

    /// Lets nothing pass until ``release()``.
    package func hold() { self.state.withLock { $0.weather.isSilent = true } }

    /// Lets pass what was held, and everything after it.
    package func release() { self.state.withLock { $0.weather.isSilent = false } }

    /// Ends all connections in both directions with FIN.
    package func cut() {
        for connection in self.state.withLock({ $0.connections }) { connection.cut() }
    }

    /// Ends all connections in both directions with RST.
    package func reset() {
        for connection in self.state.withLock({ $0.connections }) { connection.reset() }
    }

    /// Lets nothing pass any more on the connections of now, and ends none of them; new ones are as before.
    package func freeze() {
        for connection in self.state.withLock({ $0.connections }) { connection.freeze() }
    }

    /// Listens no more, and ends what is there.
    package func stop() {
        self.server.withLock { $0?.stop() }
        self.reset()
    }
}
