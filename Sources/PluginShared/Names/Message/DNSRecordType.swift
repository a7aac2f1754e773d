/// The type of a record, or of a question.
public struct DNSRecordType: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    /// The number on the wire.
    public let rawValue: UInt16

    /// Any number is a type.
    public init(rawValue: UInt16) {
        self.rawValue = rawValue
    }

    /// An IPv4 address.
    public static let a = DNSRecordType(rawValue: 1)
    /// A name server.
    public static let ns = DNSRecordType(rawValue: 2)
    /// Another name.
    public static let cname = DNSRecordType(rawValue: 5)
    /// The start of a zone of authority.
    public static let soa = DNSRecordType(rawValue: 6)
    /// A name that belongs to an address.
    public static let ptr = DNSRecordType(rawValue: 12)
    /// A mail exchange.
    public static let mx = DNSRecordType(rawValue: 15)
    /// Strings.
    public static let txt = DNSRecordType(rawValue: 16)
    /// An IPv6 address.
    public static let aaaa = DNSRecordType(rawValue: 28)
    /// The location of a service (RFC 2782).
    public static let srv = DNSRecordType(rawValue: 33)
    /// The EDNS pseudo-record (RFC 6891).
    public static let opt = DNSRecordType(rawValue: 41)
    /// A whole zone: a question's type only.
    public static let axfr = DNSRecordType(rawValue: 252)
    /// All records of a name: a question's type only.
    public static let any = DNSRecordType(rawValue: 255)

    private static let names: [DNSRecordType: String] = [
        .a: "A", .ns: "NS", .cname: "CNAME", .soa: "SOA", .ptr: "PTR", .mx: "MX", .txt: "TXT", .aaaa: "AAAA",
        .srv: "SRV", .opt: "OPT", .axfr: "AXFR", .any: "ANY",
    ]

    /// The type's name, or `TYPE` and its number (RFC 3597 §5).
    public var description: String { Self.names[self] ?? "TYPE\(self.rawValue)" }
}
