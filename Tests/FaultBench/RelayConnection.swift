import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// One connection through a relay: a reader and a writer for each direction.
final class RelayConnection: Sendable {
    private let near: RawSocket
    private let far: RawSocket
    private let relay: FaultRelay
    private struct State {
        /// Threads that still use the sockets, whose numbers must not be given away meanwhile.
        var users = 4
        var isReset = false
        var isFrozen = false
    }
    private let state = Mutex(State())

    init(near: RawSocket, far: RawSocket, relay: FaultRelay) {
        (self.near, self.far, self.relay) = (near, far, relay)
    }

    var isOver: Bool { self.state.withLock { $0.users == 0 } }
    private var isReset: Bool { self.state.withLock { $0.isReset } }
    private var isFrozen: Bool { self.state.withLock { $0.isFrozen } }

    func run() {
        for (source, sink) in [(self.near, self.far), (self.far, self.near)] {
            let road = RelayRoad()
            onThread {
                self.read(source, into: road)
                self.leave()
            }
            onThread {
                self.write(road, to: sink)
                self.leave()
            }
        }
    }

    private func leave() {
        let wasReset = self.state.withLock { state -> Bool? in
            state.users -= 1
            return state.users == 0 ? state.isReset : nil
        }
        guard let wasReset else { return }
        for socket in [self.near, self.far] {
            if wasReset { socket.reset() } else { socket.close() }
        }
    }

    private func read(_ source: RawSocket, into road: RelayRoad) {
        while true {
            do {
                let bytes = try source.receive()
                if bytes.isEmpty {
                    self.relay.note(nil)
                    return road.add([], self.relay.weather)
                }
                road.add(bytes, self.relay.weather)
                while road.isFull, !self.isReset { usleep(5000) }
            } catch .timedOut {
                if self.isReset { return road.add([], self.relay.weather) }
            } catch {
                self.relay.note(error)
                return road.add([], self.relay.weather)
            }
        }
    }

    private func write(_ road: RelayRoad, to sink: RawSocket) {
        while !self.isReset {
            guard let bytes = road.next() else { continue }
            while self.isFrozen || self.relay.weather.isSilent, !self.isReset { usleep(5000) }
            if self.isReset { return }
            if bytes.isEmpty { return sink.finish() }
            if (try? sink.send(bytes)) == nil {
                // Whoever reads at the other end is told at once that nobody takes it.
                shutdown(sink.fd, Int32(SHUT_RD))
                return
            }
        }
    }

    func freeze() { self.state.withLock { $0.isFrozen = true } }

    func cut() {
        self.ifOpen { for socket in [self.near, self.far] { shutdown(socket.fd, Int32(SHUT_RDWR)) } }
    }

    func reset() {
        self.ifOpen {
            // Wakes the readers without telling the peers; the last thread to leave sends the RST.
            for socket in [self.near, self.far] { shutdown(socket.fd, Int32(SHUT_RD)) }
        } marking: {
            $0.isReset = true
        }
    }

    private func ifOpen(_ body: () -> Void, marking mark: (inout State) -> Void = { _ in }) {
        self.state.withLock { state in
            guard state.users > 0 else { return }
            mark(&state)
            body()
        }
    }
}
