/// A transport to an API server: requests out, responses back. One implementation drives kubectl, one runs inside the cluster.
public protocol APITransport: Sendable {
    /// Sends a request and reads the whole answer.
    ///
    /// - Throws: ``APIError`` with code `unreachable` when there was no answer.
    func send(_ request: APIRequest) async throws(APIError) -> APIResponse

    /// Sends a request whose answer is a stream of lines, as a watch is.
    ///
    /// The stream ends when the server ends it, and throws ``APIError`` when the request was refused or the connection was lost.
    /// Ending the iteration ends the request.
    func lines(_ request: APIRequest) -> AsyncThrowingStream<[UInt8], any Error>
}

/// One request to the API server.
public struct APIRequest: Sendable, Equatable {
    /// The methods in use.
    public enum Method: String, Sendable {
        case get = "GET"
        case post = "POST"
        case patch = "PATCH"
        case delete = "DELETE"
    }

    /// What to do.
    public var method: Method
    /// The path without query, already in its encoded form: names of Kubernetes objects need no encoding.
    public var path: String
    /// The query's items in order, not yet encoded.
    public var query: [QueryItem]
    /// The body, with its type.
    public var body: [UInt8]?
    /// For example `application/json-patch+json`.
    public var contentType: String?
    /// How long a whole answer may take, in seconds; a stream has no limit.
    public var timeoutSeconds: Int = 15

    /// One item of a query.
    public struct QueryItem: Sendable, Equatable {
        /// The name.
        public var name: String
        /// The value, not yet encoded.
        public var value: String

        /// An item.
        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    /// A request.
    public init(
        _ method: Method, _ path: String, query: [QueryItem] = [], body: [UInt8]? = nil, contentType: String? = nil
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.body = body
        self.contentType = contentType
    }

    /// Path and query as they stand in a request line: everything but unreserved characters (RFC 3986 §2.3) is encoded.
    public var target: String {
        guard !self.query.isEmpty else { return self.path }
        let items = self.query.map { "\(Self.encoded($0.name))=\(Self.encoded($0.value))" }
        return self.path + "?" + items.joined(separator: "&")
    }

    private static func encoded(_ text: String) -> String {
        var result = ""
        let digits = Array("0123456789ABCDEF")
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                result.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                result += "%\(digits[Int(byte >> 4)])\(digits[Int(byte & 15)])"
            }
        }
        return result
    }
}

/// The API server's answer.
public struct APIResponse: Sendable, Equatable {
    /// The HTTP status.
    public var status: Int
    /// The whole body.
    public var body: [UInt8]

    /// An answer.
    public init(status: Int, body: [UInt8]) {
        self.status = status
        self.body = body
    }
}
