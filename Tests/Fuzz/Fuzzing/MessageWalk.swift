@testable import Requests

/// A reader of heads, of requests or of answers.
protocol MessageReading {
    mutating func read(_ bytes: UnsafeRawBufferPointer) -> HeadReading<HeadFacts>
}

/// What a forwarder needs of a head.
struct HeadFacts: Sendable {
    var fields: HeadFields
    var framing: BodyFraming
    var text: String
    /// The head with what a forwarder puts into it.
    var changed: [UInt8]
}

struct RequestReading: MessageReading {
    private var reader: RequestHeadReader

    init(_ reader: RequestHeadReader) { self.reader = reader }

    mutating func read(_ bytes: UnsafeRawBufferPointer) -> HeadReading<HeadFacts> {
        switch self.reader.read(bytes) {
        case .incomplete: .incomplete
        case .ambiguous(let ambiguity): .ambiguous(ambiguity)
        case .head(let head):
            .head(
                HeadFacts(
                    fields: head.fields, framing: head.framing,
                    text:
                        "\(head.method) \(head.target) \(head.keepsAlive) \(head.upgrade ?? "") \(head.expectsContinue)",
                    changed: ForwardedFields(caller: "2001:db8::1")?.head(of: head) ?? []))
        }
    }
}

struct ResponseReading: MessageReading {
    private var reader: ResponseHeadReader

    init(_ reader: ResponseHeadReader) { self.reader = reader }

    mutating func read(_ bytes: UnsafeRawBufferPointer) -> HeadReading<HeadFacts> {
        switch self.reader.read(bytes) {
        case .incomplete: .incomplete
        case .ambiguous(let ambiguity): .ambiguous(ambiguity)
        case .head(let head):
            .head(
                HeadFacts(
                    fields: head.fields, framing: head.framing, text: "\(head.status) \(head.keepsAlive)",
                    changed: head.closing))
        }
    }
}

/// Reads messages one behind the other, and writes down where each part ends.
struct MessageWalk<Reading: MessageReading> {
    private(set) var log: [String] = []
    private var held: [UInt8] = []
    private var head: Reading
    private var body: BodyReader?
    private var bodyCount = 0
    private var isOver = false
    private let make: () -> Reading

    init(_ make: @escaping () -> Reading) {
        self.make = make
        self.head = make()
    }

    mutating func received(_ piece: [UInt8]) throws(FuzzFailure) {
        self.held += piece
        while !self.isOver, try self.step() {}
    }

    /// Whether there may be more to read.
    private mutating func step() throws(FuzzFailure) -> Bool {
        if var body = self.body {
            let reading = self.held.withUnsafeBytes { body.read($0) }
            self.body = body
            switch reading {
            case .all:
                self.bodyCount += self.held.count
                self.held = []
                return false
            case .end(let count):
                try self.take(count, "a body ends behind \(self.bodyCount + count)")
                (self.body, self.bodyCount, self.head) = (nil, 0, self.make())
                return true
            case .ambiguous(let ambiguity): return self.end(ambiguity)
            }
        }
        switch self.held.withUnsafeBytes({ self.head.read($0) }) {
        case .incomplete: return false
        case .ambiguous(let ambiguity): return self.end(ambiguity)
        case .head(let head):
            let bytes = head.fields.bytes
            try FuzzFailure.expect(bytes == Array(self.held.prefix(bytes.count)), "a head is not what came")
            try FuzzFailure.expect(bytes.suffix(4) == [13, 10, 13, 10], "a head has no end")
            for (name, value) in head.fields.all {
                try FuzzFailure.expect(!name.isEmpty && value.first != 32 && value.last != 32, "\(name): \(value)")
            }
            try self.checkChange(of: head)
            try self.take(bytes.count, "\(head.text) \(head.framing)")
            self.body = BodyReader(head.framing)
            return true
        }
    }

    /// What a forwarder puts into a head leaves one head, of the same message.
    private func checkChange(of head: HeadFacts) throws(FuzzFailure) {
        guard head.changed.count <= 65_536 else { return }
        var reader = self.make()
        guard case .head(let again) = head.changed.withUnsafeBytes({ reader.read($0) }) else {
            throw FuzzFailure(description: "a head that was changed is none")
        }
        try FuzzFailure.expect(
            again.fields.bytes == head.changed && again.framing == head.framing, "a change gave \(again.framing)")
    }

    private mutating func take(_ count: Int, _ text: String) throws(FuzzFailure) {
        try FuzzFailure.expect(count >= 0 && count <= self.held.count, "\(count) bytes of \(self.held.count)")
        self.held.removeFirst(count)
        self.log.append(text)
    }

    private mutating func end(_ ambiguity: FramingAmbiguity) -> Bool {
        self.log.append(ambiguity.description)
        self.isOver = true
        return false
    }
}
