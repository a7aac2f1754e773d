/// How a query went: 4 bits of the header, 12 with EDNS.
public struct DNSResponseCode: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    /// The number, 0 to 4095.
    public let rawValue: UInt16

    /// Keeps the 12 bits that a code has.
    public init(rawValue: UInt16) {
        self.rawValue = rawValue & 0x0FFF
    }

    /// The answer is there, though it may be empty.
    public static let success = DNSResponseCode(rawValue: 0)
    /// The query was malformed.
    public static let formatError = DNSResponseCode(rawValue: 1)
    /// The server could not answer.
    public static let serverFailure = DNSResponseCode(rawValue: 2)
    /// The name does not exist.
    public static let nameError = DNSResponseCode(rawValue: 3)
    /// The server does not do this kind of query.
    public static let notImplemented = DNSResponseCode(rawValue: 4)
    /// The server does not answer this one.
    public static let refused = DNSResponseCode(rawValue: 5)
    /// The version of EDNS is not known (RFC 6891 §6.1.3).
    public static let badVersion = DNSResponseCode(rawValue: 16)

    /// The code's usual name, or `RCODE` and its number.
    public var description: String {
        switch self {
        case .success: "NOERROR"
        case .formatError: "FORMERR"
        case .serverFailure: "SERVFAIL"
        case .nameError: "NXDOMAIN"
        case .notImplemented: "NOTIMP"
        case .refused: "REFUSED"
        case .badVersion: "BADVERS"
        default: "RCODE\(self.rawValue)"
        }
    }
}
