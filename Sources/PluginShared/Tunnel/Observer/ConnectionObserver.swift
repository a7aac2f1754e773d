public import NIOCore
import Requests

/// Sees requests in the bytes that pass on a connection, and never touches them. A value: bytes and times in, what was found out.
public struct ConnectionObserver {
    private let keepsContent: Bool
    /// The caller's first bytes, too few to tell what it speaks; `nil` once that is known.
    private var opening: ByteBuffer? = ByteBuffer()
    /// What the server has sent meanwhile: one of HTTP/2 need not wait.
    private var answer = ByteBuffer()
    /// When they began to come.
    private var began: Duration?
    // Beside each other and not in an enumeration, so that they change in their place: what is kept may be long.
    private var http1: HTTP1Observer?
    private var http2: HTTP2Observer?

    /// An observer of a connection on which nothing has been sent.
    ///
    /// - Parameter keepsContent: Whether heads and contents are kept, up to ``ObservedMessage/maximumContent`` each.
    public init(keepsContent: Bool) { self.keepsContent = keepsContent }

    /// Bytes of contents that are kept.
    var keptByteCount: Int { self.http1?.keptByteCount ?? self.http2?.keptByteCount ?? 0 }

    /// Whether nothing can be seen of the connection any more. Then nothing is held of it.
    public var isOver: Bool { self.opening == nil && self.http1 == nil && self.http2 == nil }

    /// The caller sent bytes.
    ///
    /// - Parameters:
    ///   - now: Of a clock that never goes back.
    ///   - keeps: Whether contents may be kept at this moment.
    public mutating func callerSent(_ bytes: ByteBuffer, at now: Duration, keeps: Bool = true) -> [ObservedEvent] {
        guard var opening else { return self.pass(bytes, now, keeps) }
        opening.writeImmutableBuffer(bytes)
        self.began = self.began ?? now
        self.opening = opening
        guard let name = opening.withUnsafeReadableBytes(CallerProtocol.sniff) else { return [] }
        self.opening = nil
        guard self.answer.readableBytes == 0 || name == .http2 else { return [.notRead(HTTP1Observer.noHTTP)] }
        switch name {
        case .http1:
            self.http1 = HTTP1Observer(keepsContent: self.keepsContent)
            defer { self.release() }
            return self.http1?.callerSent(opening, at: now, began: self.began, keeps: keeps) ?? []
        case .http2:
            self.http2 = HTTP2Observer(keepsContent: self.keepsContent)
            let early = self.http2?.serverSent(self.answer, at: now, keeps: keeps) ?? []
            self.answer = ByteBuffer()
            return early + self.pass(opening, now, keeps)
        case .tls: return [.notRead("TLS")]
        case .unknown: return [.notRead(HTTP1Observer.noHTTP)]
        }
    }

    private mutating func pass(_ bytes: ByteBuffer, _ now: Duration, _ keeps: Bool) -> [ObservedEvent] {
        defer { self.release() }
        return self.http1?.callerSent(bytes, at: now, keeps: keeps)
            ?? self.http2?.callerSent(bytes, at: now, keeps: keeps) ?? []
    }

    /// The server sent bytes.
    public mutating func serverSent(_ bytes: ByteBuffer, at now: Duration, keeps: Bool = true) -> [ObservedEvent] {
        guard self.opening == nil else {
            // Some servers speak first, and of HTTP those alone that begin with their settings.
            self.answer.writeImmutableBuffer(bytes)
            if HTTP2FrameReader.mayBegin(self.answer) { return [] }
            self.opening = nil
            return [.notRead(HTTP1Observer.noHTTP)]
        }
        defer { self.release() }
        return self.http1?.serverSent(bytes, at: now, keeps: keeps)
            ?? self.http2?.serverSent(bytes, at: now, keeps: keeps) ?? []
    }

    /// The connection is over, or its server has ended its half; nothing follows that could be an answer.
    public mutating func ended(_ end: ObservedRequest.End, at now: Duration) -> [ObservedEvent] {
        self.opening = nil
        defer { self.release() }
        return self.http1?.ended(end, at: now) ?? self.http2?.ended(end, at: now) ?? []
    }

    /// What is followed no further is held no longer.
    private mutating func release() {
        if self.http1?.isOver == true { self.http1 = nil }
        if self.http2?.isOver == true { self.http2 = nil }
    }
}
