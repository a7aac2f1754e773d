import NIOCore

/// What a request has sent so far, for as long as it can be asked of another upstream: until its answer begins. A value.
struct RequestReplay {
    /// The most bytes of a request that are kept, as of a connection: 64 KiB.
    static let limit = ConnectionRoute.maximumReplayByteCount

    private var kept: ByteBuffer? = ByteBuffer()
    private(set) var isTaken = false

    /// Whether the caller may be read: before an upstream has taken the request, only as far as it can be kept.
    var allowsReading: Bool { self.isTaken || (self.kept?.readableBytes ?? 0) < Self.limit }

    /// How many bytes are kept.
    var byteCount: Int { self.kept?.readableBytes ?? 0 }
    /// Whether the request is still whole here.
    var isWhole: Bool { self.kept != nil }

    /// Records bytes of the request.
    mutating func sent(_ bytes: ByteBuffer) {
        guard let kept = self.kept else { return }
        if self.isTaken, kept.readableBytes + bytes.readableBytes > Self.limit {
            self.kept = nil
        } else {
            self.kept?.writeImmutableBuffer(bytes)
        }
    }

    /// Records that an upstream has taken the request: it may have more bytes than can be kept.
    mutating func taken() {
        self.isTaken = true
        if self.kept?.readableBytes ?? 0 > Self.limit { self.kept = nil }
    }

    /// Records that the answer has begun, which no other upstream could go on with.
    mutating func answered() {
        self.isTaken = true
        self.kept = nil
    }

    /// Records that the upstream that has taken the request is gone: it is no longer dropped, whatever its length.
    mutating func lost() { self.isTaken = false }

    /// The bytes for another upstream; `nil` where there can be none.
    var bytes: ByteBuffer? { self.kept }
}
