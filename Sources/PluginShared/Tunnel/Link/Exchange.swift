import NIOCore
import NIOHPACK
import NIOHTTP2

/// One message to the peer and one back, each at most 64 KiB: a stream of its own.
final class Exchange: StreamPipeOwner {
    /// The most bytes of a message: what DNS over TCP can carry (RFC 1035 §4.2.2).
    static let maximumByteCount = 65_535

    private var body = ByteBuffer()
    private var stream: StreamPipe?
    private var promise: EventLoopPromise<ByteBuffer>?
    private var limit: Scheduled<Void>?

    /// Sends a message; the result is the answer, or fails with a `StreamRefusal`.
    static func send(
        _ message: ByteBuffer, path: String, on link: TunnelLink?, loop: any EventLoop, within limit: Duration
    ) -> EventLoopFuture<ByteBuffer> {
        let promise = loop.makePromise(of: ByteBuffer.self)
        let exchange = Exchange()
        exchange.promise = promise
        guard let stream = link?.request(path: path, body: message, owner: exchange) else {
            exchange.finish(.failure(.noLink))
            return promise.futureResult
        }
        exchange.stream = stream
        exchange.limit = loop.assumeIsolated().scheduleTask(in: TimeAmount(limit)) {
            exchange.finish(.failure(StreamRefusal(status: 504, reason: "no answer in time")))
        }
        return promise.futureResult
    }

    private func finish(_ result: Result<ByteBuffer, StreamRefusal>) {
        guard let promise = self.promise else { return }
        self.promise = nil
        self.limit?.cancel()
        self.stream?.owner = nil
        if case .failure = result { self.stream?.reset(code: .cancel) }
        self.stream = nil
        switch result {
        case .success(let body): promise.succeed(body)
        case .failure(let refusal): promise.fail(refusal)
        }
    }

    func streamAccepted(_ stream: StreamPipe) {}

    func stream(_ stream: StreamPipe, refused refusal: StreamRefusal) {
        self.finish(.failure(refusal))
    }

    func pipe(_ pipe: any BytePipe, received bytes: ByteBuffer) {
        guard self.body.readableBytes + bytes.readableBytes <= Exchange.maximumByteCount else {
            return self.finish(.failure(StreamRefusal(status: 502, reason: "the answer is too long")))
        }
        self.body.writeImmutableBuffer(bytes)
    }

    func pipeReadComplete(_ pipe: any BytePipe) {}

    func pipeEnded(_ pipe: any BytePipe) {
        self.finish(.success(self.body))
    }

    func pipeFailed(_ pipe: any BytePipe) {
        self.finish(.failure(.lost))
    }

    func pipeWritabilityChanged(_ pipe: any BytePipe) {}
}

/// The other side of an exchange: reads the message, has it answered, and sends the answer.
final class ExchangeAnswer: BytePipeOwner {
    private var body = ByteBuffer()
    private let stream: StreamPipe
    private let answer: (ByteBuffer) -> EventLoopFuture<ByteBuffer>
    private var isOver = false

    /// Takes over a stream whose headers arrived just now.
    init(stream: StreamPipe, answer: @escaping (ByteBuffer) -> EventLoopFuture<ByteBuffer>) {
        self.stream = stream
        self.answer = answer
        stream.owner = self
    }

    func pipe(_ pipe: any BytePipe, received bytes: ByteBuffer) {
        guard !self.isOver else { return }
        guard self.body.readableBytes + bytes.readableBytes <= Exchange.maximumByteCount else {
            return self.refuse(StreamRefusal(status: 413, reason: "the message is too long"))
        }
        self.body.writeImmutableBuffer(bytes)
    }

    func pipeReadComplete(_ pipe: any BytePipe) {}

    func pipeEnded(_ pipe: any BytePipe) {
        guard !self.isOver else { return }
        self.answer(self.body).assumeIsolated().whenComplete { result in
            switch result {
            case .success(let message):
                guard !self.isOver else { return }
                self.isOver = true
                self.stream.writeHeaders(
                    HPACKHeaders([(":status", "200"), ("content-type", "application/dns-message")]))
                self.stream.write(message)
                self.stream.finish()
            case .failure(let error):
                self.refuse(error as? StreamRefusal ?? StreamRefusal(status: 502, reason: "\(error)"))
            }
        }
    }

    private func refuse(_ refusal: StreamRefusal) {
        guard !self.isOver else { return }
        self.isOver = true
        self.stream.writeHeaders(refusal.headers, ends: true)
        self.stream.flush()
    }

    func pipeFailed(_ pipe: any BytePipe) {
        self.isOver = true
    }

    func pipeWritabilityChanged(_ pipe: any BytePipe) {}
}
