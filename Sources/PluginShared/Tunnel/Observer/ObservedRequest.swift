/// A request that was seen to pass, and what came of it.
public struct ObservedRequest: Sendable, Equatable {
    /// How it ended.
    public enum End: String, Sendable {
        /// With all of its answer, or where the connection became another protocol's.
        case whole
        /// The server ended the connection before the end of its answer.
        case closed
        /// The server reset the connection.
        case reset
        /// The caller went away, or the tunnel to it did.
        case gone
    }

    /// The method.
    public let method: String
    /// The target in any form, printable ASCII: other bytes are percent-encoded.
    public let target: String
    /// `HTTP/1.1`, `HTTP/1.0` or `HTTP/2.0`.
    public let version: String
    /// The answer's, 100 to 999; `nil` where none began.
    public let status: Int?
    /// How it ended.
    public let end: End
    /// What its trailers, or fields, say of a gRPC call, 0 being success; `nil` where they say nothing.
    public let grpcStatus: Int?
    /// Bytes of the request's content, without its head and what frames it.
    public let requestByteCount: Int64
    /// Bytes of the answer's content.
    public let answerByteCount: Int64
    /// From its first byte to its last; `nil` where it did not end before the answer.
    public let sent: Duration?
    /// From its first byte to the first of the answer that is no interim one.
    public let answered: Duration?
    /// From its first byte to its end.
    public let duration: Duration
    /// Its head and content, where they are kept.
    public let request: ObservedMessage?
    /// The answer's.
    public let answer: ObservedMessage?
}

/// Head and content of a request or an answer.
public struct ObservedMessage: Sendable, Equatable {
    /// The most bytes of content that are kept: 1 MiB.
    public static let maximumContent = 1_048_576

    /// Bytes of the head; `nil` where it was compressed.
    public let headByteCount: Int?
    /// The words behind the status; empty for requests.
    public let reason: String
    /// In their order.
    public let fields: [ObservedField]
    /// The content's first bytes, without what frames it.
    public let content: [UInt8]
    /// Whether that is all of it.
    public let isWhole: Bool

    /// The first value of a field, whose name's case does not count.
    public func value(of name: String) -> String? {
        self.fields.first { $0.name.lowercased() == name.lowercased() }?.value
    }
}

/// A field of a head.
public struct ObservedField: Sendable, Hashable {
    /// As it came.
    public let name: String
    /// Without white space at its ends. Bytes that are no UTF-8 are replaced.
    public let value: String

    /// A field.
    public init(name: String, value: String) {
        self.name = name
        self.value = value
    }
}
