import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Stands between the two ends of a link, and can stop forwarding or cut the connection.
final class CutRelay: Sendable {
    private struct State {
        var isHeld = false
        var sockets: [RawSocket] = []
        var held: [(RawSocket, [UInt8])] = []
        var endings: [RawSocketError?] = []
    }

    private let state = Mutex(State())
    private let server: Mutex<RawServer?> = Mutex(nil)

    init(to target: Int) throws {
        let server = try RawServer { [self] near in
            let far = try RawSocket.connect(port: target)
            self.state.withLock { $0.sockets += [near, far] }
            onThread { self.copy(from: far, to: near) }
            self.copy(from: near, to: far)
        }
        self.server.withLock { $0 = server }
    }

    var port: Int { self.server.withLock { $0?.port ?? 0 } }

    private func copy(from source: RawSocket, to sink: RawSocket) {
        while true {
            let bytes: [UInt8]
            do {
                bytes = try source.receive()
            } catch .timedOut {
                continue
            } catch {
                self.state.withLock { $0.endings.append(error) }
                break
            }
            if bytes.isEmpty {
                self.state.withLock { $0.endings.append(nil) }
                break
            }
            let isHeld = self.state.withLock { state in
                if state.isHeld { state.held.append((sink, bytes)) }
                return state.isHeld
            }
            if !isHeld { try? sink.send(bytes) }
        }
        // A black hole swallows FINs too.
        if !self.state.withLock({ $0.isHeld }) { sink.finish() }
    }

    /// How each direction ended so far: `nil` for FIN, or the error.
    var endings: [RawSocketError?] { self.state.withLock { $0.endings } }

    /// Forwards nothing until `release`.
    func hold() {
        self.state.withLock { $0.isHeld = true }
    }

    /// Forwards what was held, and everything after it.
    func release() {
        self.state.withLock { state in
            for (sink, bytes) in state.held { try? sink.send(bytes) }
            state.held = []
            state.isHeld = false
        }
    }

    /// Ends the connection in both directions with FIN.
    func cut() {
        for socket in self.state.withLock({ $0.sockets }) { shutdown(socket.fd, Int32(SHUT_RDWR)) }
    }
}
