import NIOCore

/// Follows requests and answers of HTTP/1 on a connection as far as it takes to see where an answer ends (RFC 9112 §6).
///
/// It may begin anywhere: it waits for bytes from the caller that look like a request, and for bytes from the server
/// after them that look like an answer. What it does not understand, pipelined requests too, it follows no further.
struct HTTP1Exchange {
    /// Where the connection stands.
    enum Standing: Equatable {
        /// Not in an exchange that could be followed.
        case unknown
        /// A request came, and its answer is not complete.
        case answering
        /// The answer is complete: the best moment to end the connection.
        case answered
    }

    /// The most bytes of a line of a head, 16 KiB: a longer one is followed no further.
    static let longestLine = 16_384

    private enum State: Equatable {
        /// No request has been seen. Next: `requested`.
        case waiting
        /// A request came, or an interim answer to it. Next: `head`.
        case requested
        /// In the lines before the body. Next: `body`, `chunkSize`, `requested`, `answered`.
        case head
        /// So many bytes of the body are left. Next: `answered`.
        case body(Int)
        /// In the line before a chunk. Next: `chunk`, `trailer`.
        case chunkSize
        /// So many bytes of a chunk are left, its line end included. Next: `chunkSize`.
        case chunk(Int)
        /// In the lines after the last chunk. Next: `answered`.
        case trailer
        /// Everything has come. Next: `requested`.
        case answered
        /// Followed no further. Final.
        case lost
    }

    private var state: State = .waiting
    private var isHead = false
    private var line: [UInt8] = []
    private var status: Int?
    private var contentLength: Int?
    private var isChunked = false

    /// Where the connection stands now.
    var standing: Standing {
        switch self.state {
        case .waiting, .lost: .unknown
        case .requested, .head, .body, .chunkSize, .chunk, .trailer: .answering
        case .answered: .answered
        }
    }

    /// Records bytes from the caller.
    mutating func callerSent(_ bytes: ByteBuffer) {
        switch self.state {
        case .waiting:
            if let method = HTTP1Exchange.method(bytes) { self.requested(method) }
        case .answered:
            guard let method = HTTP1Exchange.method(bytes) else { return self.state = .lost }
            self.requested(method)
        case .requested, .lost:
            break
        case .head, .body, .chunkSize, .chunk, .trailer:
            // Pipelined, or the rest of a request that was answered early: the end of this answer is no end.
            self.state = .lost
        }
    }

    /// Records bytes from the server.
    mutating func serverSent(_ bytes: ByteBuffer) {
        if self.state == .requested { self.state = .head }
        var bytes = bytes
        while bytes.readableBytes > 0 {
            switch self.state {
            case .waiting, .lost:
                return
            case .requested:
                // Behind an interim answer.
                self.state = .head
            case .answered:
                self.state = .lost
            case .body(let left):
                let rest = HTTP1Exchange.skip(left, of: &bytes)
                self.state = rest == 0 ? .answered : .body(rest)
            case .chunk(let left):
                let rest = HTTP1Exchange.skip(left, of: &bytes)
                self.state = rest == 0 ? .chunkSize : .chunk(rest)
            case .head, .chunkSize, .trailer:
                guard self.takeLine(of: &bytes) else { return }
                let line = String(decoding: self.line, as: UTF8.self)
                self.line.removeAll(keepingCapacity: true)
                self.take(line)
            }
        }
    }

    /// The method, if the bytes look like the begin of a request.
    private static func method(_ bytes: ByteBuffer) -> String? {
        let word = bytes.readableBytesView.prefix(16).prefix { $0 != UInt8(ascii: " ") }
        guard !word.isEmpty, word.count < min(16, bytes.readableBytes),
            word.allSatisfy({ UInt8(ascii: "A")...UInt8(ascii: "Z") ~= $0 })
        else { return nil }
        return String(decoding: word, as: UTF8.self)
    }

    private mutating func requested(_ method: String) {
        self.isHead = method == "HEAD"
        self.beginHead()
        // What follows an accepted CONNECT is no answer.
        self.state = method == "CONNECT" ? .lost : .requested
    }

    private mutating func beginHead() {
        self.status = nil
        self.contentLength = nil
        self.isChunked = false
    }

    private static func skip(_ left: Int, of bytes: inout ByteBuffer) -> Int {
        let count = min(left, bytes.readableBytes)
        bytes.moveReaderIndex(forwardBy: count)
        return left - count
    }

    /// Takes bytes up to a line's end, which is left out; whether it has come.
    private mutating func takeLine(of bytes: inout ByteBuffer) -> Bool {
        let view = bytes.readableBytesView
        let end = view.firstIndex(of: UInt8(ascii: "\n"))
        let part = view[..<(end ?? view.endIndex)]
        guard self.line.count + part.count <= HTTP1Exchange.longestLine else {
            self.state = .lost
            return false
        }
        self.line += part
        bytes.moveReaderIndex(forwardBy: part.count + (end == nil ? 0 : 1))
        guard end != nil else { return false }
        if self.line.last == UInt8(ascii: "\r") { self.line.removeLast() }
        return true
    }

    private mutating func take(_ line: String) {
        switch self.state {
        case .head where self.status == nil: self.takeStatus(line)
        case .head where line.isEmpty: self.endHead()
        case .head: self.takeField(line)
        case .chunkSize:
            let digits = line.prefix { $0.isHexDigit }
            guard let size = Int(digits, radix: 16), size < Int.max - 2 else { return self.state = .lost }
            self.state = size == 0 ? .trailer : .chunk(size + 2)
        case .trailer: if line.isEmpty { self.state = .answered }
        case .waiting, .requested, .body, .chunk, .answered, .lost: break
        }
    }

    private mutating func takeStatus(_ line: String) {
        let words = line.split(separator: " ", maxSplits: 2)
        guard words.count >= 2, words[0].hasPrefix("HTTP/1."), let status = Int(words[1]) else {
            return self.state = .lost
        }
        self.status = status
    }

    private mutating func takeField(_ line: String) {
        let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2 else { return self.state = .lost }
        let value = parts[1].filter { $0 != " " && $0 != "\t" }
        switch parts[0].lowercased() {
        case "content-length":
            guard let length = Int(value), length >= 0, self.contentLength ?? length == length else {
                return self.state = .lost
            }
            self.contentLength = length
        case "transfer-encoding":
            self.isChunked = value.lowercased().hasSuffix("chunked")
            if !self.isChunked { self.state = .lost }
        default:
            break
        }
    }

    private mutating func endHead() {
        let status = self.status ?? 0
        switch status {
        case 101: self.state = .lost
        case 100..<200:
            self.beginHead()
            self.state = .requested
        case 204, 304: self.state = .answered
        case _ where self.isHead: self.state = .answered
        case _ where self.isChunked: self.state = .chunkSize
        default:
            // Without a length the answer ends with the connection, which the server closes.
            guard let length = self.contentLength else { return self.state = .lost }
            self.state = length == 0 ? .answered : .body(length)
        }
    }
}
