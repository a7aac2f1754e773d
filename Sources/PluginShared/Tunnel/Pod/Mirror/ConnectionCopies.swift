import NIOCore
import Requests

/// The copies of what one caller sends: of its connection, and of its requests one each. Told what the caller does behind
/// whoever carries it, and tells nobody anything.
final class ConnectionCopies {
    private let port: ProxyPort
    private let caller: String
    private let core: PodCore
    /// Those of the connection.
    private var taps: [Tap] = []
    /// Reads requests; `nil` where nobody gets any.
    private var reader: CopyReader?
    /// Those of the request under way.
    private var request: [Tap] = []
    /// By session: those of its requests.
    private var kept: [String: [Tap]] = [:]

    /// Begins those of a connection that was accepted just now.
    init(of port: ProxyPort, caller: String, for table: MirrorTable<String>, core: PodCore) {
        self.port = port
        self.caller = caller
        self.core = core
        self.reader = table.readsRequests ? CopyReader() : nil
        self.taps = table.ofConnections.compactMap { core.copy(to: $0, of: port, caller: caller) }
    }

    /// Bytes came from the caller.
    func callerSent(_ bytes: ByteBuffer) {
        guard !self.taps.isEmpty || self.reader != nil else { return }
        let bytes = bytes.compacted
        for tap in self.taps { tap.send(bytes) }
        if self.taps.contains(where: \.isOver) { self.taps.removeAll(where: \.isOver) }
        self.reader?.callerSent(bytes)
        while let piece = self.reader?.next() { self.take(piece) }
    }

    private func take(_ piece: CopyReader.Piece) {
        switch piece {
        case .head(let head, let bytes):
            // Without anybody who wants them nothing is read: whoever comes next gets new connections.
            guard let table = self.core.mirrors.table(at: self.port), table.readsRequests else {
                return self.endRequests()
            }
            self.request = table.sessions(for: head).compactMap { self.tap(to: $0, for: head) }
            self.send(bytes)
        case .body(let bytes): self.send(bytes)
        case .end:
            for tap in self.request { tap.finish() }
            self.request = []
        case .unreadable(let name):
            self.stopReading()
            if let name { self.core.callerIsNotRead(at: self.port, name) }
        }
    }

    /// One that is idle, or a new one: a process that thinks long makes no request wait.
    private func tap(to session: String, for head: RequestHead) -> Tap? {
        self.kept[session]?.removeAll(where: \.isOver)
        if let idle = self.kept[session]?.first(where: \.isIdle) {
            idle.begin(head)
            return idle
        }
        guard let tap = self.core.copy(to: session, of: self.port, caller: self.caller, for: head) else { return nil }
        self.kept[session, default: []].append(tap)
        return tap
    }

    private func send(_ bytes: ByteBuffer) {
        guard !self.request.isEmpty else { return }
        let bytes = bytes.compacted
        for tap in self.request { tap.send(bytes) }
    }

    private func stopReading() {
        for tap in self.request { tap.lose(.unreadable) }
        self.endRequests()
    }

    private func endRequests() {
        for tap in self.kept.values.joined() { tap.cut() }
        (self.request, self.kept, self.reader) = ([], [:], nil)
    }

    /// No more bytes of the caller are available for now.
    func callerReadComplete() {
        for tap in self.taps + self.request { tap.flush() }
    }

    /// Bytes came for the caller.
    func upstreamSent(_ bytes: ByteBuffer) {
        if self.reader?.upstreamSent(bytes) == false { self.stopReading() }
    }

    /// The caller sends no more, or is told not to.
    func callerEnded() {
        for tap in self.taps { tap.finish() }
        self.taps = []
        self.endRequests()
    }

    /// The connection was cut off in the middle of something.
    func cut() {
        for tap in self.taps { tap.cut() }
        self.taps = []
        self.endRequests()
    }
}
