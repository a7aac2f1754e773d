import Logging
import NIOCore
import NIOHPACK
import NIOPosix

/// Carries one connection from the pod to the local process: dials it, answers 200, and relays the bytes.
final class LaptopConnection: BytePipeOwner {
    private let stream: StreamPipe
    private let route: String
    private let core: LaptopCore
    /// Bytes that came before the local process accepted; the stream's window bounds them.
    private var early = HeldBytes()
    private var streamHasEnded = false
    private var relay: Relay?
    private var local: SocketPipe?
    private var isOver = false

    /// Takes over a stream whose CONNECT arrived just now.
    init(stream: StreamPipe, route: String, core: LaptopCore) {
        self.stream = stream
        self.route = route
        self.core = core
        stream.owner = self
        core.counts.opened()
    }

    /// The local process accepted.
    func connected(_ local: SocketPipe) {
        guard !self.isOver else {
            local.reset()
            return
        }
        local.owner = self
        self.local = local
        let relay = Relay(near: local, far: self.stream)
        self.relay = relay
        self.stream.writeHeaders(HPACKHeaders([(":status", "200")]))
        while let chunk = self.early.popFirst() { relay.farSent(chunk) }
        if self.streamHasEnded { relay.farEnded() }
        relay.flushFar(allowsReading: true)
        relay.flushNear()
        self.finishIfDone()
    }

    /// The local process did not accept.
    func refused(status: String, reason: String) {
        guard !self.isOver else { return }
        self.finish()
        self.stream.owner = nil
        let printable = reason.unicodeScalars.filter { $0.isASCII && $0.value >= 0x20 && $0.value != 0x7f }
        let headers = HPACKHeaders([(":status", status), ("kt-reason", String(String.UnicodeScalarView(printable)))])
        self.stream.writeHeaders(headers, ends: true)
        self.stream.flush()
    }

    private func finishIfDone() {
        guard let relay = self.relay, relay.isFinished else { return }
        self.finish()
    }

    private func finish() {
        self.isOver = true
        self.relay = nil
        self.local = nil
        self.core.counts.closed()
    }

    func pipe(_ pipe: any BytePipe, received bytes: ByteBuffer) {
        guard let relay = self.relay else {
            if pipe === self.stream { self.early.append(bytes) }
            return
        }
        if pipe === self.stream {
            relay.farSent(bytes)
        } else {
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
            self.relay?.nearEnded()
        }
        self.finishIfDone()
    }

    func pipeFailed(_ pipe: any BytePipe) {
        guard !self.isOver else { return }
        let local = self.local
        self.finish()
        self.early.removeAll()
        if pipe === self.stream {
            local?.reset()
        } else {
            self.stream.reset()
        }
    }

    func pipeWritabilityChanged(_ pipe: any BytePipe) {
        if pipe === self.stream {
            self.relay?.flushFar(allowsReading: true)
        } else {
            self.relay?.flushNear()
            self.finishIfDone()
        }
    }
}
