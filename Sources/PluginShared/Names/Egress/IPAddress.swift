/// An address of either family. An IPv6 address that stands for an IPv4 one is that one.
public enum IPAddress: Hashable, Sendable, CustomStringConvertible {
    /// An IPv4 address.
    case v4(IPv4Address)
    /// An IPv6 address that is not mapped.
    case v6(IPv6Address)

    /// An IPv4 address.
    public init(_ address: IPv4Address) { self = .v4(address) }

    /// An IPv6 address, or what it is mapped from: `::ffff:127.0.0.1` is 127.0.0.1, and so is 64:ff9b::127.0.0.1, which a
    /// translator would send there (RFC 6052 §2.1).
    public init(_ address: IPv6Address) {
        let isTranslated = address.high == 0x0064_FF9B_0000_0000 && address.low >> 32 == 0
        // ::a.b.c.d is as good as the address itself (RFC 4291 §2.5.5.1); :: and ::1 are not of that kind.
        let isCompatible = address.high == 0 && address.low >> 32 == 0 && address.low > 0xFFFF
        if let mapped = address.mapped {
            self = .v4(mapped)
        } else if isTranslated || isCompatible {
            self = .v4(IPv4Address(rawValue: UInt32(truncatingIfNeeded: address.low)))
        } else {
            self = .v6(address)
        }
    }

    /// An address as it is written, without brackets and zone; `nil` for anything else.
    public init?(_ text: some StringProtocol) {
        if let address = IPv4Address(text) {
            self.init(address)
        } else if let address = IPv6Address(text) {
            self.init(address)
        } else {
            return nil
        }
    }

    /// The bytes in network order, 4 or 16.
    public var bytes: [UInt8] {
        switch self {
        case .v4(let address): address.bytes
        case .v6(let address): address.bytes
        }
    }

    /// As it is written.
    public var description: String {
        switch self {
        case .v4(let address): address.description
        case .v6(let address): address.description
        }
    }

    /// The addresses with a meaning of their own, which nobody's workload has.
    public enum Reserved: String, Sendable {
        case loopback, multicast, broadcast, unspecified
        case linkLocal = "link-local"
        /// Where a cloud tells a node its credentials, by an address that is not link-local.
        case metadata = "cloud metadata"
    }

    /// What the address is reserved for; `nil` for an ordinary one (RFC 6890, IANA's special-purpose registries).
    public var reserved: Reserved? {
        switch self {
        case .v4(let address):
            let first = address.rawValue >> 24
            if first == 0 { return .unspecified }
            // Alibaba Cloud's and Azure's.
            if address.rawValue == 0x6464_64C8 || address.rawValue == 0xA83F_8110 { return .metadata }
            if first == 127 { return .loopback }
            if address.rawValue >> 16 == 0xA9FE { return .linkLocal }
            if first >> 4 == 0xE { return .multicast }
            // 240.0.0.0/4 is nobody's, and its last is everybody's.
            if first >> 4 == 0xF { return .broadcast }
            return nil
        case .v6(let address):
            if address.high == 0, address.low == 0 { return .unspecified }
            // AWS's, fd00:ec2::254.
            if address.high == 0xFD00_0EC2_0000_0000, address.low == 0x254 { return .metadata }
            if address.high == 0, address.low == 1 { return .loopback }
            if address.high >> 54 == 0xFE80 >> 6 { return .linkLocal }
            if address.high >> 56 == 0xFF { return .multicast }
            return nil
        }
    }
}
