/// The data of a record.
public enum DNSRecordData: Hashable, Sendable {
    /// A host's address.
    case a(IPv4Address)
    /// A host's address.
    case aaaa(IPv6Address)
    /// The name that this one stands for.
    case cname(DNSName)
    /// The name that this one, mostly an address in `in-addr.arpa`, points at.
    case ptr(DNSName)
    /// A server of the zone.
    case ns(DNSName)
    /// A mail exchange.
    case mx(preference: UInt16, exchange: DNSName)
    /// Strings of at most 255 bytes each.
    case txt([[UInt8]])
    /// The location of a service.
    case srv(priority: UInt16, weight: UInt16, port: UInt16, target: DNSName)
    /// The start of a zone.
    case soa(DNSAuthority)
    /// Data of any other type, empty ones of an update, addresses of another class. Names in them are not compressed.
    case raw([UInt8])

    /// The type that goes with the data; nil for raw ones, which do not say.
    public var type: DNSRecordType? {
        switch self {
        case .a: .a
        case .aaaa: .aaaa
        case .cname: .cname
        case .ptr: .ptr
        case .ns: .ns
        case .mx: .mx
        case .txt: .txt
        case .srv: .srv
        case .soa: .soa
        case .raw: nil
        }
    }
}

/// The data of an SOA record: times in seconds.
public struct DNSAuthority: Hashable, Sendable {
    /// The zone's primary server.
    public var server: DNSName
    /// The mailbox of who is responsible.
    public var mailbox: DNSName
    /// The zone's version.
    public var serial: UInt32
    /// After how long a secondary server looks for a new version.
    public var refresh: UInt32
    /// After how long it tries again.
    public var retry: UInt32
    /// After how long it gives up.
    public var expire: UInt32
    /// How long a negative answer may be kept at most (RFC 2308 §4).
    public var minimum: UInt32

    /// The data of an SOA record.
    public init(
        server: DNSName, mailbox: DNSName, serial: UInt32, refresh: UInt32, retry: UInt32, expire: UInt32,
        minimum: UInt32
    ) {
        self.server = server
        self.mailbox = mailbox
        self.serial = serial
        self.refresh = refresh
        self.retry = retry
        self.expire = expire
        self.minimum = minimum
    }
}
