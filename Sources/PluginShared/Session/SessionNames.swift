import Crypto

/// The names of a session's objects. They follow from the Service's name alone, so that creating them is a lock, and a
/// Role can be limited to them before the first session.
public struct SessionNames: Sendable, Equatable {
    /// The Service's name.
    public let service: String
    /// Ten hexadecimal digits of SHA-256 over the Service's name.
    public let hash: String

    /// The longest name of a Service and of a label's value (RFC 1123 label).
    static let longestLabel = 63

    /// The names for one Service.
    public init(service: String) {
        self.service = service
        let digits = Array("0123456789abcdef")
        self.hash = SHA256.hash(data: Array(service.utf8)).prefix(5).reduce(into: "") { text, byte in
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
    }

    /// The Lease, which is the session: `tunnel-web`. A long Service name is cut, and the hash keeps it unique.
    public var lease: String {
        let plain = "tunnel-\(self.service)"
        guard plain.utf8.count > Self.longestLabel else { return plain }
        return "tunnel-\(self.service.prefix(45))-\(self.hash)"
    }

    /// The proxy's Deployment.
    public var deployment: String { "kt-\(self.hash)-proxy" }
    /// The Service that keeps the original selector.
    public var origin: String { "kt-\(self.hash)-origin" }
    /// The Service that selects the proxy before the switch does.
    public var warmUp: String { "kt-\(self.hash)-warmup" }
    /// The session's own ServiceAccount, Role and RoleBinding, where the user may make them.
    public var account: String { "kt-\(self.hash)-proxy" }
    /// The session's own NetworkPolicy, when one was asked for.
    public var networkPolicy: String { "kt-\(self.hash)-proxy" }

    /// The value that every key of the switched selector gets.
    public func selectorValue(for session: SessionID) -> String { "kt-\(self.hash)-\(session)" }
}
