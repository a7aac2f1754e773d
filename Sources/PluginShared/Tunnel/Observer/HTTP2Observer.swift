import NIOCore
import NIOHPACK
import Requests

/// Sees requests and answers in the frames of an HTTP/2 connection: each stream is one. A value.
struct HTTP2Observer {
    /// The most streams that may be open at once: 1,024.
    static let maximumStreams = 1024
    /// The most bytes of their fields: 1 MiB.
    static let maximumHeads = 1_048_576
    /// What is said where it is followed no further.
    static let lost = "HTTP/2 that cannot be followed"

    private let keepsContent: Bool
    private var callerFrames = HTTP2FrameReader(isCaller: true)
    private var serverFrames = HTTP2FrameReader(isCaller: false)
    private var requestFields = HTTP2FieldsReader()
    private var answerFields = HTTP2FieldsReader()
    private var streams: [UInt32: ObservedExchange] = [:]
    private var headByteCount = 0
    /// The newest stream: numbers only rise.
    private var lastStream: UInt32 = 0
    private(set) var isOver = false

    /// An observer of a connection on which nothing has been sent.
    init(keepsContent: Bool) { self.keepsContent = keepsContent }

    /// Bytes of contents that are kept.
    var keptByteCount: Int { self.keepsContent ? self.streams.values.reduce(0) { $0 + $1.keptByteCount } : 0 }

    /// The caller sent bytes.
    mutating func callerSent(_ bytes: ByteBuffer, at now: Duration, keeps: Bool) -> [ObservedEvent] {
        self.callerFrames.append(bytes)
        var events: [ObservedEvent] = []
        while let piece = self.isOver ? nil : self.callerFrames.next() {
            switch piece {
            case .fields(let stream, let block, let ends):
                guard let fields = self.requestFields.read(block) else { return events + self.stop() }
                if stream > self.lastStream, !self.begin(stream, fields, now) { return events + self.stop() }
                if ends { self.streams[stream]?.sentAt = now }
            case .data(let stream, let bytes):
                self.streams[stream]?.requestBody.append(bytes, keeps: keeps && self.keepsContent)
            case .end(let stream): self.streams[stream]?.sentAt = now
            case .reset(let stream): events += self.finish(stream, .gone, now)
            case .settings(let size): if !self.answerFields.allowed(size) { return events + self.stop() }
            case .acknowledgement: self.requestFields.acknowledged()
            case .promise, .malformed: return events + self.stop()
            }
        }
        return events
    }

    private mutating func begin(_ stream: UInt32, _ fields: HPACKHeaders, _ now: Duration) -> Bool {
        let method = fields.first(name: ":method") ?? ""
        let target = fields.first(name: ":path") ?? fields.first(name: ":authority") ?? ""
        var exchange = ObservedExchange(
            method: ObservedExchange.printable(method.utf8), target: ObservedExchange.printable(target.utf8),
            version: "HTTP/2.0", kind: method == "CONNECT" ? .connect : .ordinary, framing: .untilClose, began: now)
        if self.keepsContent { exchange.requestHead = ObservedExchange.Head(fields: Self.fields(fields)) }
        self.lastStream = stream
        self.streams[stream] = exchange
        self.headByteCount += exchange.headByteCount
        return self.streams.count <= Self.maximumStreams && self.headByteCount <= Self.maximumHeads
    }

    /// The server sent bytes.
    mutating func serverSent(_ bytes: ByteBuffer, at now: Duration, keeps: Bool) -> [ObservedEvent] {
        self.serverFrames.append(bytes)
        var events: [ObservedEvent] = []
        while let piece = self.isOver ? nil : self.serverFrames.next() {
            switch piece {
            case .fields(let stream, let block, let ends):
                guard let fields = self.answerFields.read(block) else { return events + self.stop() }
                let hasBegun = self.take(fields, stream, now)
                if ends || hasBegun { events += self.finish(stream, .whole, now) }
            case .data(let stream, let bytes):
                self.streams[stream]?.answerBody.append(bytes, keeps: keeps && self.keepsContent)
            case .end(let stream): events += self.finish(stream, .whole, now)
            case .reset(let stream): events += self.finish(stream, .reset, now)
            case .settings(let size): if !self.requestFields.allowed(size) { return events + self.stop() }
            case .acknowledgement: self.answerFields.acknowledged()
            // What is promised nobody has asked for; its fields were read for the table's sake.
            case .promise(let block): if self.answerFields.read(block) == nil { return events + self.stop() }
            case .malformed: return events + self.stop()
            }
        }
        return events
    }

    /// Fields of an answer: an interim one's, the answer's own, or its trailers.
    ///
    /// - Returns: Whether the stream is something else's from here on.
    private mutating func take(_ fields: HPACKHeaders, _ stream: UInt32, _ now: Duration) -> Bool {
        guard let exchange = self.streams[stream] else { return false }
        let status = fields.first(name: ":status").flatMap(Int.init) ?? 0
        if exchange.status == nil, status < 200 { return false }
        if exchange.status == nil {
            self.streams[stream]?.status = status
            self.streams[stream]?.answeredAt = now
            self.streams[stream]?.answerBody = ObservedBody(.untilClose)
            if self.keepsContent {
                let head = ObservedExchange.Head(fields: Self.fields(fields))
                self.streams[stream]?.answerHead = head
                self.headByteCount += head.size
            }
        }
        if let code = fields.first(name: "grpc-status").flatMap(Int.init) { self.streams[stream]?.grpcStatus = code }
        return exchange.kind == .connect && (200..<300).contains(status)
    }

    private mutating func finish(
        _ stream: UInt32, _ end: ObservedRequest.End, _ now: Duration
    ) -> [ObservedEvent] {
        guard let exchange = self.streams.removeValue(forKey: stream) else { return [] }
        self.headByteCount -= exchange.headByteCount
        // An end without an answer is none.
        return [.request(exchange.finished(exchange.status == nil && end == .whole ? .closed : end, at: now))]
    }

    /// The connection is over, or its server has ended its half.
    mutating func ended(_ end: ObservedRequest.End, at now: Duration) -> [ObservedEvent] {
        self.isOver = true
        return self.streams.keys.sorted().flatMap { self.finish($0, end, now) }
    }

    private mutating func stop() -> [ObservedEvent] {
        self.isOver = true
        self.streams = [:]
        return [.notRead(Self.lost)]
    }

    private static func fields(_ fields: HPACKHeaders) -> [ObservedField] {
        fields.map { ObservedField(name: $0.name, value: $0.value) }
    }
}
