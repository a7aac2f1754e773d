import NIOCore
import Requests

/// Reads the requests in what a caller sends beside whoever carries it, which it is none of its business. A value.
struct CopyReader {
    /// The next of what has come.
    enum Piece {
        /// A request begins: its head, and the head's bytes.
        case head(RequestHead, ByteBuffer)
        /// Bytes of its body.
        case body(ByteBuffer)
        /// It ends.
        case end
        /// Nothing is read from here on; the caller's protocol, where that is why.
        case unreadable(String?)
    }

    private var requests = RequestReader()
    private var isHTTP = false
    private var isOver = false
    /// Whether the caller waits to be told to send a body, and may be told not to: nobody sees then what it sends next.
    private var mayBeRefused = false
    /// Whether the caller would change to another protocol, in which nothing is a request.
    private var mayChange = false

    /// Takes bytes of the caller in.
    mutating func callerSent(_ bytes: ByteBuffer) { if !self.isOver { self.requests.append(bytes) } }

    /// Takes bytes of the answer in; whether what the caller sends can still be read.
    mutating func upstreamSent(_ bytes: ByteBuffer) -> Bool {
        guard !self.isOver else { return true }
        let hasChanged = self.mayChange && bytes.readableBytesView.starts(with: "HTTP/1.1 101".utf8)
        self.mayChange = false
        guard !hasChanged, self.mayBeRefused else { return !hasChanged }
        self.mayBeRefused = false
        return bytes.readableBytesView.starts(with: "HTTP/1.1 100".utf8)
    }

    /// The next piece; `nil` until more bytes come.
    mutating func next() -> Piece? {
        guard !self.isOver else { return nil }
        if !self.isHTTP, self.requests.byteCount > 0 {
            switch self.requests.callerProtocol {
            case .http1: self.isHTTP = true
            case nil: return nil
            case .http2: return self.stop("HTTP/2")
            case .tls: return self.stop("TLS")
            case .unknown: return self.stop("no HTTP")
            }
        }
        switch self.requests.next() {
        case .head(let head, let bytes):
            // What it asks for is a connection.
            guard !head.isConnect else { return self.stop(nil) }
            self.mayBeRefused = head.expectsContinue && head.framing != .empty
            self.mayChange = head.upgrade != nil
            return .head(head, bytes)
        case .body(let bytes):
            self.mayBeRefused = false
            return .body(bytes)
        case .end: return .end
        case .opaque: return self.stop(nil)
        case nil: return nil
        }
    }

    private mutating func stop(_ name: String?) -> Piece {
        self.isOver = true
        self.requests = RequestReader()
        return .unreadable(name)
    }
}
