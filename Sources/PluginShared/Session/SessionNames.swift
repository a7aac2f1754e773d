import Crypto

/// The names of a tunnel's objects and of its sessions' Leases. They follow from the Service's name alone, so that creating
/// them is a lock, and a Role can be limited to them before the first session.
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

    /// How many sessions a Service can have at once: a Role names each of their Leases.
    public static let slots = 64

    /// The Lease of a session: `tunnel-web`, `tunnel-web.1` and so on. Only the session with the first makes a tunnel. A
    /// Service's name has no dot, so that no two Services meet; a long one is cut, and the hash keeps it unique.
    ///
    /// - Parameter slot: 0 to ``slots`` - 1.
    public func lease(slot: Int) -> String {
        let plain = "tunnel-\(self.service)"
        let isLong = plain.utf8.count > Self.longestLabel
        let first = isLong ? "tunnel-\(self.service.prefix(45))-\(self.hash)" : plain
        return slot == 0 ? first : "\(first).\(slot)"
    }

    /// The labels by which they are listed and watched.
    public var leaseLabels: String { "\(Key.service)=\(self.service)" }

    /// The Leases that sessions of the Service can have.
    public var leases: [String] { (0..<Self.slots).map { self.lease(slot: $0) } }

    /// The proxy's Deployment.
    public var deployment: String { "kt-\(self.hash)-proxy" }
    /// The Service that keeps the original selector.
    public var origin: String { "kt-\(self.hash)-origin" }
    /// The Service that selects the proxy before the switch does.
    public var warmUp: String { "kt-\(self.hash)-warmup" }
    /// The tunnel's own ServiceAccount, Role and RoleBinding, where the user may make them.
    public var account: String { "kt-\(self.hash)-proxy" }
    /// The tunnel's own NetworkPolicy, when one was asked for.
    public var networkPolicy: String { "kt-\(self.hash)-proxy" }

    /// The value that every key of the switched selector gets.
    public func selectorValue(for tunnel: SessionID) -> String { "kt-\(self.hash)-\(tunnel)" }
}
