/// What the API server, or a proxy before it, answered instead of the wanted object.
public struct APIError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What kind of refusal it is; decisions look at this, never at the text.
    public enum Code: Sendable, Equatable {
        /// 401: who you are was not accepted.
        case unauthorized
        /// 403: you may not, or an admission plugin said no.
        case forbidden
        /// 404 with the reason NotFound: the API server's own word that there is no such object.
        case notFound
        /// 409 on create: an object of that name is there.
        case alreadyExists
        /// 409 on a write: the object has changed since it was read.
        case conflict
        /// 410: the version to watch from is too old.
        case gone
        /// 422: the object is not valid, or a JSON Patch `test` failed.
        case invalid
        /// Any other status, with its number: a 404 that a proxy or a load balancer in between says, too.
        case status(Int)
        /// No answer at all.
        case unreachable
        /// An answer that could not be read.
        case malformed
    }

    /// The kind of refusal.
    public var code: Code
    /// The server's own words.
    public var message: String

    /// An error.
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// The server's own words.
    public var description: String { self.message }

    /// The error that a refusal with this status and body stands for.
    public static func refusal(status: Int, body: [UInt8]) -> APIError {
        APIStatus.error(status: status, body: body)
    }

    /// Whether the server was not there, or not well: something to try again, not an answer about the object.
    public var isTransient: Bool {
        switch self.code {
        case .unreachable, .malformed: true
        case .status(let status): status == 404 || status == 429 || status >= 500
        case .unauthorized, .forbidden, .notFound, .alreadyExists, .conflict, .gone, .invalid: false
        }
    }
}

/// The body of a refusal: a `Status` object (meta/v1).
struct APIStatus: Decodable {
    var message: String?
    var reason: String?
    var code: Int?

    /// The error that a status and a body stand for.
    static func error(status: Int, body: [UInt8]) -> APIError {
        let decoded = try? JSONCoding.decode(APIStatus.self, from: body)
        // `kubectl proxy` answers 500 to 504 with a bare text when it did not reach the server.
        if decoded?.message == nil, (500...504).contains(status) {
            return APIError(.unreachable, JSONCoding.firstLine(of: body) ?? "the API server did not answer (\(status))")
        }
        let text = decoded?.message ?? JSONCoding.firstLine(of: body) ?? "the server answered \(status)"
        let code: APIError.Code =
            switch (status, decoded?.reason) {
            case (401, _): .unauthorized
            case (403, _): .forbidden
            case (404, "NotFound"): .notFound
            case (409, "AlreadyExists"): .alreadyExists
            case (409, _): .conflict
            case (410, _): .gone
            case (422, _): .invalid
            default: .status(status)
            }
        return APIError(code, text)
    }
}
