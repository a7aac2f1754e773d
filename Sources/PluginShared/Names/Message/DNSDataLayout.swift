/// Which older types have names in their data that a server may compress (RFC 3597 §4), and where.
enum DNSDataLayout {
    enum Field {
        case name
        case string
        /// That many bytes.
        case fixed(Int)
    }

    /// Types whose data have this form in the internet's class only.
    static let internetOnly: Set<DNSRecordType> = [
        .a, .aaaa, .srv, .init(rawValue: 26), .init(rawValue: 35), .init(rawValue: 36),
    ]

    /// The fields up to the last name; what follows is bytes.
    static func of(_ type: DNSRecordType) -> [Field] {
        switch type.rawValue {
        // DNAME
        case 39: [.name]
        // RP
        case 17: [.name, .name]
        // AFSDB, RT, KX
        case 18, 21, 36: [.fixed(2), .name]
        // PX
        case 26: [.fixed(2), .name, .name]
        // NAPTR
        case 35: [.fixed(4), .string, .string, .string, .name]
        default: []
        }
    }
}
