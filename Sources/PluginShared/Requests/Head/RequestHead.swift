/// The head of an HTTP/1 request of which it is certain where it ends.
public struct RequestHead: Sendable {
    /// The fields, and the head's bytes.
    public let fields: HeadFields
    /// The body behind the head: none, a length, or chunks.
    public let framing: BodyFraming
    /// Whether the caller would send another request behind this one (RFC 9112 §9.3).
    public let keepsAlive: Bool
    /// Whether the caller waits for a 100 before it sends the body (RFC 9110 §10.1.1).
    public let expectsContinue: Bool
    let line: RequestLine
    private let upgradeRange: Range<Int>?

    /// Judges a head.
    ///
    /// - Parameter bytes: The head, and nothing behind it.
    init(
        _ bytes: UnsafeRawBufferPointer, _ line: RequestLine, _ fields: [HeadField]
    ) throws(FramingAmbiguity) {
        let facts = try FramingFields(bytes, fields, line.version)
        guard facts.hostCount <= 1 else { throw .severalHosts }
        guard facts.hostCount == 1 || line.version == .http10 else { throw .noHost }
        if facts.isChunked {
            self.framing = .chunked
        } else if let length = facts.length {
            self.framing = .length(length)
        } else {
            self.framing = .empty
        }
        // What follows may be a body, or what the tunnel is for (RFC 9110 §9.3.6).
        guard line.kind != .connect || self.framing == .empty else { throw .impossibleBody }
        self.fields = HeadFields(bytes, fields)
        self.line = line
        self.keepsAlive = facts.keepsAlive(line.version)
        // HTTP/1.0 has neither (RFC 9110 §7.8, §10.1.1).
        self.expectsContinue = facts.expectsContinue && line.version == .http11
        self.upgradeRange = facts.hasUpgrade && line.version == .http11 ? facts.upgrade : nil
    }

    /// The head of a request that did not come in HTTP/1, for rules; its end is the other protocol's business.
    ///
    /// - Parameters:
    ///   - authority: What HTTP/1 calls `Host`.
    ///   - fields: The others.
    /// - Returns: `nil` for a head that HTTP/1 could not have, above all a longer one than 64 KiB.
    public init?(
        method: String, target: String, authority: String, fields: some Sequence<(name: String, value: String)>
    ) {
        var bytes: [UInt8] = []
        func append(_ word: String, _ separator: StaticString) -> Range<Int> {
            let start = bytes.count
            bytes += word.utf8
            defer { bytes += UnsafeBufferPointer(start: separator.utf8Start, count: separator.utf8CodeUnitCount) }
            return start..<bytes.count
        }
        let (methodRange, targetRange) = (append(method, " "), append(target, " "))
        _ = append("HTTP/1.1", "\r\n")
        var index: [HeadField] = []
        func add(_ name: String, _ value: String) {
            let nameRange = append(name, ": ")
            index.append(HeadField(name: nameRange, value: append(value, "\r\n")))
        }
        add("host", authority)
        for (name, value) in fields where bytes.count < HeadLines<RequestLine>.maximumByteCount { add(name, value) }
        _ = append("", "\r\n")
        guard methodRange.count <= CallerProtocol.maximumMethodLength,
            bytes.count <= HeadLines<RequestLine>.maximumByteCount
        else { return nil }
        self.fields = bytes.withUnsafeBytes { HeadFields($0, index) }
        self.line = bytes.withUnsafeBytes {
            RequestLine(method: methodRange, target: targetRange, kind: MethodKind($0, methodRange))
        }
        (self.framing, self.keepsAlive, self.expectsContinue, self.upgradeRange) = (.empty, true, false, nil)
    }

    /// How many bytes the head takes, with its last CRLF.
    public var byteCount: Int { self.fields.bytes.count }
    /// The method, whose case counts; 1 to 32 bytes.
    public var method: ArraySlice<UInt8> { self.fields.bytes[self.line.method] }
    /// What of the method decides where the answer ends.
    public var methodKind: MethodKind { self.line.kind }
    /// Whether the caller asks for a tunnel: behind an answer with 2xx nothing is HTTP any more.
    public var isConnect: Bool { self.line.kind == .connect }
    /// The target as it came, in any form (RFC 9112 §3.2).
    public var target: ArraySlice<UInt8> { self.fields.bytes[self.line.target] }
    /// The version.
    public var version: HTTPVersion { self.line.version }
    /// What the caller would change to on this connection, as it says it: `websocket`, `h2c`; `nil` where it would not
    /// (RFC 9110 §7.8).
    public var upgrade: String? {
        self.upgradeRange.map { String(decoding: self.fields.bytes[$0], as: UTF8.self) }
    }
}
