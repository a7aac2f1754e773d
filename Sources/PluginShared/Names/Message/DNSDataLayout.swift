/// Which older types have names in their data that a server may compress (RFC 3597 §4), and where.
enum DNSDataLayout {
    enum Field {
        case name
        case string
        /// That many bytes.
        case fixed(Int)
    }

    /// The fields up to the last name; what follows is bytes.
    static func of(_ type: DNSRecordType) -> [Field] {
        switch type.rawValue {
        // MD, MF, MB, MG, MR, NXT, DNAME
        case 3, 4, 7, 8, 9, 30, 39: [.name]
        // MINFO, RP
        case 14, 17: [.name, .name]
        // AFSDB, RT, KX
        case 18, 21, 36: [.fixed(2), .name]
        // PX
        case 26: [.fixed(2), .name, .name]
        // SIG
        case 24: [.fixed(18), .name]
        // NAPTR
        case 35: [.fixed(4), .string, .string, .string, .name]
        default: []
        }
    }
}
