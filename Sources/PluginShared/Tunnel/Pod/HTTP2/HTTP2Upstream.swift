import NIOCore
import NIOHPACK
import NIOHTTP2
import Requests

/// An HTTP/2 connection on which requests of one caller are asked: with a laptop's process, or with the originals.
final class HTTP2Upstream: StreamPipeOwner, HTTP2ConnectionOwner {
    /// The session whose laptop it is; `nil` for the originals.
    let session: String?
    /// Whether a request was answered on it.
    var hasAnswered = false
    /// Whether it takes no more requests.
    private(set) var isLeft = false
    private let forwarder: HTTP2Forwarder
    /// Requests that wait for it or are under way on it, in their order.
    private(set) var requests: [HTTP2Request] = []
    private var pipe: (any BytePipe)?
    private var connection: HTTP2Connection?
    private var isOver = false

    init(session: String?, forwarder: HTTP2Forwarder) {
        self.session = session
        self.forwarder = forwarder
    }

    // MARK: Requests

    /// A request's head as it is asked here: where a rule brings it to a laptop, its process learns who called.
    func told(_ headers: HPACKHeaders) -> HPACKHeaders {
        guard let session, self.forwarder.core.tellsCaller(session), let forwarded = self.forwarder.forwarded else {
            return headers
        }
        var told = headers
        for (name, value) in forwarded.fields(after: { headers[$0].last }) {
            // Of several the last one says more.
            let before = headers[name].dropLast()
            told.remove(name: name)
            for value in before { told.add(name: name, value: value) }
            told.add(name: name, value: value)
        }
        return told
    }

    /// Asks a request, as soon as that can be.
    func ask(_ request: HTTP2Request) {
        request.use(self)
        self.requests.append(request)
        if let connection { request.ask(on: connection, as: self.told) }
    }

    /// A request is over.
    func ended(_ request: HTTP2Request) {
        self.requests.removeAll { $0 === request }
        if self.isLeft, self.requests.isEmpty { self.close() }
    }

    // MARK: The connection

    /// A stream to the laptop, which is not answered yet.
    func wait(for stream: StreamPipe) { self.pipe = stream }

    /// Puts HTTP/2 on a connection that was taken.
    func use(_ pipe: any BytePipe) {
        self.pipe = pipe
        let core = self.forwarder.core
        let counter = core.counter(for: self.session)
        counter?.taken()
        let connection = HTTP2Connection(
            pipe, role: .client, windows: core.requestWindows, budget: core.counts.readBudget, owner: self
        ) { counter?.received($0) }
        do {
            try connection.start(on: core.loop)
        } catch {
            return self.gone(isFailure: true)
        }
        self.connection = connection
        for request in self.requests where !self.isOver { request.ask(on: connection, as: self.told) }
    }

    /// The laptop does not take the connection, or nobody of the originals does, or it is over.
    func gone(isFailure: Bool) {
        guard !self.isOver else { return }
        let (requests, wasConnected) = (self.requests, self.connection != nil)
        self.requests = []
        for request in requests { request.lost() }
        self.letGo()?.reset()
        self.forwarder.lost(self, requests, wasConnected: wasConnected, isFailure: isFailure)
    }

    /// Lets go of it with FIN: nothing is under way on it.
    func close() {
        guard let pipe = self.letGo() else { return }
        pipe.finish()
        // So that its end is seen, too.
        pipe.setReading(true)
        self.forwarder.forget(self)
    }

    /// Lets go of it with a reset.
    func reset() { self.letGo()?.reset() }

    /// Sends FIN behind what was asked.
    func finish() { self.pipe?.finish() }

    private func letGo() -> (any BytePipe)? {
        self.isOver = true
        let pipe = self.pipe
        self.pipe?.owner = nil
        self.pipe = nil
        self.connection?.close()
        self.connection = nil
        return pipe
    }

    func connectionIsLeft(_ connection: HTTP2Connection) {
        self.isLeft = true
        self.forwarder.forget(self)
        if self.requests.isEmpty { self.close() }
    }

    func connectionFailed(_ connection: HTTP2Connection) { self.gone(isFailure: true) }

    // MARK: What the pipe says

    func streamAccepted(_ stream: StreamPipe) {
        guard !self.isOver else { return }
        self.forwarder.core.laptop(answers: true, at: self.forwarder.port, of: self.session)
        self.use(stream)
    }

    func pipe(_ pipe: any BytePipe, received bytes: ByteBuffer) {
        self.forwarder.core.counter(for: self.session)?.sent(bytes.readableBytes)
        self.connection?.received(bytes)
    }

    func pipeReadComplete(_ pipe: any BytePipe) { self.connection?.readComplete() }

    // What came before the end, in the same piece, is delivered first.

    func pipeEnded(_ pipe: any BytePipe) {
        self.connection?.readComplete()
        self.gone(isFailure: false)
    }

    func pipeFailed(_ pipe: any BytePipe) {
        self.connection?.readComplete()
        self.gone(isFailure: true)
    }

    func pipeWritabilityChanged(_ pipe: any BytePipe) { self.connection?.writabilityChanged() }
}
