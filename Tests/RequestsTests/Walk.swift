import Testing

@testable import Requests

/// Reads a connection's bytes in pieces, as a forwarder would, and writes down what each message is and where it ends.
struct Walk {
    /// What was read: `GET /, empty, keeps` for a head, `+5` for the end of a body.
    private(set) var log: [String] = []
    private var held: [UInt8] = []
    private var head: Head
    private var body: (reader: BodyReader, count: Int)?
    private var isOver = false
    private let answering: MethodKind?

    private enum Head {
        case request(RequestHeadReader)
        case response(ResponseHeadReader)
    }

    /// - Parameter answering: The method that answers are to; `nil` for a caller's bytes.
    init(answering: MethodKind? = nil) {
        self.answering = answering
        self.head = Self.reader(answering)
    }

    /// The log of all pieces.
    static func log(_ pieces: [[UInt8]], answering: MethodKind? = nil) -> [String] {
        var walk = Walk(answering: answering)
        for piece in pieces { walk.received(piece) }
        return walk.log
    }

    static func log(_ text: String, answering: MethodKind? = nil) -> [String] {
        Self.log([Array(text.utf8)], answering: answering)
    }

    private static func reader(_ answering: MethodKind?) -> Head {
        answering.map { .response(ResponseHeadReader(answering: $0)) } ?? .request(RequestHeadReader())
    }

    mutating func received(_ piece: [UInt8]) {
        self.held += piece
        while !self.isOver, self.step() {}
    }

    /// Whether there may be more to read.
    private mutating func step() -> Bool {
        self.body == nil ? self.readHead() : self.readBody()
    }

    private mutating func readBody() -> Bool {
        guard var body = self.body else { return false }
        let reading = self.held.withUnsafeBytes { body.reader.read($0) }
        switch reading {
        case .all:
            self.body = (body.reader, body.count + self.held.count)
            self.held = []
            return false
        case .end(let count):
            #expect(count <= self.held.count)
            self.log.append("+\(body.count + count)")
            self.held.removeFirst(count)
            self.body = nil
            self.head = Self.reader(self.answering)
            return true
        case .ambiguous(let ambiguity):
            self.end(ambiguity)
            return false
        }
    }

    private mutating func readHead() -> Bool {
        switch self.head {
        case .request(var reader):
            let reading = self.held.withUnsafeBytes { reader.read($0) }
            self.head = .request(reader)
            return self.took(reading, { $0.framing }, { $0.byteCount }) { head in
                var words = ["\(String(decoding: head.method + " ".utf8 + head.target, as: UTF8.self))"]
                words.append("\(head.framing)")
                words.append(head.keepsAlive ? "keeps" : "closes")
                if head.expectsContinue { words.append("waits") }
                if let upgrade = head.upgrade { words.append("upgrade \(upgrade)") }
                return words.joined(separator: ", ")
            }
        case .response(var reader):
            let reading = self.held.withUnsafeBytes { reader.read($0) }
            self.head = .response(reader)
            return self.took(reading, { $0.framing }, { $0.byteCount }) {
                "\($0.status), \($0.framing), \($0.keepsAlive ? "keeps" : "closes")\($0.isInterim ? ", interim" : "")"
            }
        }
    }

    private mutating func took<Message>(
        _ reading: HeadReading<Message>, _ framing: (Message) -> BodyFraming, _ byteCount: (Message) -> Int,
        _ text: (Message) -> String
    ) -> Bool {
        switch reading {
        case .incomplete: return false
        case .ambiguous(let ambiguity):
            self.end(ambiguity)
            return false
        case .head(let head):
            #expect(byteCount(head) <= self.held.count && byteCount(head) > 0)
            self.log.append(text(head))
            self.held.removeFirst(byteCount(head))
            self.body = (BodyReader(framing(head)), 0)
            return true
        }
    }

    private mutating func end(_ ambiguity: FramingAmbiguity) {
        self.log.append("\(ambiguity)")
        self.isOver = true
    }
}

/// Seeded numbers: SplitMix64.
struct SeededNumbers {
    private var state: UInt64

    init(seed: UInt64) {
        self.state = seed
    }

    mutating func next(below bound: Int) -> Int {
        self.state &+= 0x9e37_79b9_7f4a_7c15
        var z = self.state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return Int((z ^ (z >> 31)) % UInt64(max(1, bound)))
    }
}

extension String {
    /// The whole text as a request's head.
    func requestHead() throws -> RequestHead {
        var reader = RequestHeadReader()
        guard case .head(let head) = Array(self.utf8).withUnsafeBytes({ reader.read($0) }) else {
            throw NotAHead(text: self)
        }
        return head
    }
}

/// A test's head is none.
struct NotAHead: Error {
    var text: String
}
