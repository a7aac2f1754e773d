/// What `--allow` lets through besides the cluster's own: `HOST[:PORT]`, where HOST is a name, `*.` and a name, an address,
/// or a range as 10.0.0.0/8.
public struct EgressRule: Hashable, Sendable, CustomStringConvertible {
    private enum Host: Hashable, Sendable {
        case name(DNSName)
        case below(DNSName)
        case range(bytes: [UInt8], bits: Int)
    }

    private let host: Host
    /// The only port that it is about; `nil` for all.
    public let port: Int?
    /// As it was written.
    public let description: String

    /// A rule from its text; `nil` when it is none.
    public init?(_ text: String) {
        var host = text[...]
        var port: Int?
        if let colon = text.lastIndex(of: ":"), text.hasPrefix("[") || text.filter({ $0 == ":" }).count == 1 {
            let rest = text[text.index(after: colon)...]
            if !text.hasSuffix("]") {
                guard let number = Int(rest), (1...65_535).contains(number) else { return nil }
                port = number
                host = text[..<colon]
            }
        }
        if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
        guard let parsed = Self.host(host) else { return nil }
        self.host = parsed
        self.port = port
        self.description = text
    }

    private static func host(_ text: Substring) -> Host? {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        if let address = IPAddress(parts.first ?? "") {
            let longest = address.bytes.count * 8
            guard parts.count <= 2, let bits = parts.count == 2 ? Int(parts[1]) : longest, (0...longest).contains(bits)
            else { return nil }
            return .range(bytes: address.bytes, bits: bits)
        }
        guard parts.count == 1, !text.isEmpty else { return nil }
        if text.hasPrefix("*."), Self.isHostName(text.dropFirst(2)) {
            return (try? DNSName(text.dropFirst(2))).map(Host.below)
        }
        return Self.isHostName(text) ? (try? DNSName(text)).map(Host.name) : nil
    }

    /// DNS allows any bytes; what people type by mistake is better told them.
    private static func isHostName(_ text: Substring) -> Bool {
        text.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."): true
            default: false
            }
        }
    }

    /// The name that it is about, or that it is about names below of; `nil` for addresses.
    public var domain: DNSName? {
        switch self.host {
        case .name(let name), .below(let name): name
        case .range: nil
        }
    }

    /// The range of IPv4 addresses that it is about: any of its addresses, and the bits that all of them share; `nil` for
    /// names and IPv6.
    public var range: (address: IPv4Address, bits: Int)? {
        guard case .range(let bytes, let bits) = self.host, bytes.count == 4 else { return nil }
        return (IPv4Address(rawValue: bytes.reduce(0) { $0 << 8 | UInt32($1) }), bits)
    }

    /// Whether the rule is about this port.
    func covers(port: Int) -> Bool { self.port == nil || self.port == port }

    /// Whether the rule is about this name.
    func covers(_ name: DNSName) -> Bool {
        switch self.host {
        case .name(let host): name == host
        case .below(let suffix): name.isWithin(suffix) && name != suffix
        case .range: false
        }
    }

    /// Whether the rule is about this address itself.
    func covers(_ address: IPAddress) -> Bool {
        guard case .range(let range, let bits) = self.host else { return false }
        let bytes = address.bytes
        guard bytes.count == range.count else { return false }
        return (0..<bits).allSatisfy { bit in
            let mask = UInt8(0x80) >> UInt8(bit % 8)
            return bytes[bit / 8] & mask == range[bit / 8] & mask
        }
    }
}
