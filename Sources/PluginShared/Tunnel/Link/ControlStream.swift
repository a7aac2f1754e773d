import NIOCore

/// The one stream of a link that carries lines instead of a connection's bytes.
final class ControlStream: BytePipeOwner {
    private let stream: StreamPipe
    private var lines = ControlLines()
    private var queue = ControlQueue()
    private let received: (String) -> Void
    private let ended: () -> Void
    private var isOpen: Bool
    private var readByteCount = 0

    /// Takes a stream over; lines are sent as soon as it is open.
    init(stream: StreamPipe, isOpen: Bool, received: @escaping (String) -> Void, ended: @escaping () -> Void) {
        self.stream = stream
        self.isOpen = isOpen
        self.received = received
        self.ended = ended
    }

    /// Sends a line, or queues it for a peer that reads slowly.
    func send(_ line: ByteBuffer) {
        self.queue.append(line)
        self.flush()
    }

    /// The peer has accepted the stream.
    func opened() {
        self.isOpen = true
        self.flush()
    }

    private func flush() {
        guard self.isOpen else { return }
        var hasWritten = false
        while self.stream.isWritable, let line = self.queue.popFirst() {
            self.stream.write(line)
            hasWritten = true
        }
        if hasWritten { self.stream.flush() }
    }

    func pipe(_ pipe: any BytePipe, received bytes: ByteBuffer) {
        for line in self.lines.received(bytes) { self.received(line) }
        self.readByteCount += bytes.readableBytes
    }

    func pipeReadComplete(_ pipe: any BytePipe) {
        let byteCount = self.readByteCount
        self.readByteCount = 0
        pipe.passedOn(byteCount: byteCount)
    }

    func pipeEnded(_ pipe: any BytePipe) {
        self.isOpen = false
        pipe.finish()
        self.ended()
    }

    func pipeFailed(_ pipe: any BytePipe) {
        self.isOpen = false
        self.ended()
    }

    func pipeWritabilityChanged(_ pipe: any BytePipe) {
        self.flush()
    }
}

extension ControlStream: StreamPipeOwner {
    func streamAccepted(_ stream: StreamPipe) {
        self.opened()
    }
}
