import Logging
import NIOCore
import NIOHPACK
import NIOPosix

/// Carries one connection: a stream, and the socket that is joined to it once it is there.
///
/// The peer asked for it, and is answered when the target was dialled; or this end asked, and is notified of the answer.
final class StreamConnection: StreamPipeOwner {
    /// A stream; or a socket, where the laptop went there by itself.
    private var stream: (any BytePipe)?
    private let counts: ConnectionCounts
    private let isAskedByPeer: Bool
    /// Told once how the peer answered, where this end asked.
    private var answered: ((Result<StreamConnection, StreamRefusal>) -> Void)?
    /// Bytes that came before the socket was there; the stream's window bounds them.
    private var early = HeldBytes()
    private var streamHasEnded = false
    private var relay: Relay?
    private var local: SocketPipe?
    private var isOver = false
    /// Told each time that the stream's bytes begin to wait for an answer of the socket's, and when they do no more.
    var waits: ((Bool) -> Void)?
    private var isWaiting = false
    /// Sees what passes; `nil` where nobody wants to.
    var tap: ConnectionTap?

    /// Takes over a stream whose CONNECT arrived just now.
    init(stream: StreamPipe, counts: ConnectionCounts) {
        self.stream = stream
        self.counts = counts
        self.isAskedByPeer = true
        stream.owner = self
        counts.opened()
    }

    /// Asks the peer for a route; `answered` is called once, later or at once.
    init(
        asking link: TunnelLink, route: String, caller: String, counts: ConnectionCounts,
        answered: @escaping (Result<StreamConnection, StreamRefusal>) -> Void
    ) {
        self.counts = counts
        self.isAskedByPeer = false
        counts.opened()
        self.answered = answered
        // How long the answer takes is the target's business, and tells nothing of the link.
        self.stream = link.openStream(route: route, caller: caller, owner: self, isTimed: false)
        if self.stream == nil {
            self.finish()
            self.answer(.failure(.noLink))
        }
    }

    /// Takes over a socket that this machine has dialled by itself.
    init(direct socket: SocketPipe, counts: ConnectionCounts) {
        self.counts = counts
        self.isAskedByPeer = false
        counts.opened()
        self.stream = socket
        socket.owner = self
    }

    /// The socket is there: the target accepted, or the local client waits for it.
    func connected(_ local: SocketPipe) {
        guard !self.isOver, let stream = self.stream else {
            local.reset()
            return
        }
        local.owner = self
        self.local = local
        if self.counts.open <= SocketPipe.eagerReaders { local.readEagerly() }
        let relay = Relay(near: local, far: stream, budget: self.counts.readBudget)
        self.relay = relay
        if self.isAskedByPeer { (stream as? StreamPipe)?.writeHeaders(HPACKHeaders([(":status", "200")])) }
        while let chunk = self.early.popFirst() { relay.farSent(chunk) }
        if self.streamHasEnded { relay.farEnded() }
        relay.flushFar(allowsReading: true)
        relay.flushNear()
        self.finishIfDone()
    }

    /// Bytes that the socket had sent before it was joined.
    func send(early bytes: ByteBuffer) {
        guard bytes.readableBytes > 0 else { return }
        self.stream?.write(bytes)
        self.stream?.flush()
    }

    /// The target did not accept, or may not be dialled.
    func refused(_ refusal: StreamRefusal) {
        guard !self.isOver, let stream = self.stream as? StreamPipe else { return }
        self.finish()
        stream.owner = nil
        stream.writeHeaders(refusal.headers, ends: true)
        stream.flush()
    }

    /// The socket will never be there.
    func abandon() {
        guard !self.isOver else { return }
        let stream = self.stream
        self.finish()
        stream?.owner = nil
        stream?.reset()
    }

    func streamAccepted(_ stream: StreamPipe) {
        self.answer(.success(self))
    }

    func stream(_ stream: StreamPipe, refused refusal: StreamRefusal) {
        guard !self.isOver else { return }
        self.finish()
        self.answer(.failure(refusal))
    }

    private func answer(_ answer: Result<StreamConnection, StreamRefusal>) {
        let answered = self.answered
        self.answered = nil
        answered?(answer)
    }

    private func finishIfDone() {
        guard let relay = self.relay, relay.isFinished else { return }
        self.finish()
    }

    private func wait(_ isWaiting: Bool) {
        guard isWaiting || self.isWaiting else { return }
        self.isWaiting = isWaiting
        self.waits?(isWaiting)
    }

    private func finish() {
        self.isOver = true
        self.wait(false)
        self.waits = nil
        self.tap = nil
        self.relay = nil
        self.local = nil
        self.stream = nil
        self.counts.closed()
    }

    func pipe(_ pipe: any BytePipe, received bytes: ByteBuffer) {
        self.pass(bytes, from: pipe)
        guard let tap else { return }
        if pipe === self.stream { tap.callerSent(bytes) } else { tap.serverSent(bytes) }
        if tap.isOver { self.tap = nil }
    }

    private func pass(_ bytes: ByteBuffer, from pipe: any BytePipe) {
        if pipe === self.stream { self.wait(true) }
        guard let relay = self.relay else {
            if pipe === self.stream { self.early.append(bytes) }
            return
        }
        if pipe === self.stream {
            relay.farSent(bytes)
        } else {
            self.wait(false)
            relay.nearSent(bytes)
        }
    }

    func pipeReadComplete(_ pipe: any BytePipe) {
        if pipe === self.stream {
            self.relay?.flushNear()
            self.finishIfDone()
        } else {
            self.relay?.flushFar(allowsReading: true)
        }
    }

    func pipeEnded(_ pipe: any BytePipe) {
        if pipe === self.stream {
            self.streamHasEnded = true
            self.relay?.farEnded()
        } else {
            self.tap?.ended(.closed)
            self.relay?.nearEnded()
        }
        self.finishIfDone()
    }

    func pipeFailed(_ pipe: any BytePipe) {
        guard !self.isOver else { return }
        let (local, stream) = (self.local, self.stream)
        self.tap?.ended(pipe === stream ? .gone : .reset)
        self.finish()
        self.early.removeAll()
        if pipe === stream {
            local?.reset()
            self.answer(.failure(.lost))
        } else {
            stream?.reset()
        }
    }

    func pipeWritabilityChanged(_ pipe: any BytePipe) {
        if pipe === self.stream {
            // What made it full is sent at the end of the turn, in one piece.
            if pipe.isWritable { self.relay?.flushFar(allowsReading: true) }
        } else {
            self.relay?.flushNear()
            self.finishIfDone()
        }
    }
}
