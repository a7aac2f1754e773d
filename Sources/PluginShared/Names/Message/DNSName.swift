/// A domain name as it stands in a message: at most 255 bytes, labels of at most 63 bytes, of any bytes.
///
/// Case is preserved and does not count when names are compared (RFC 4343).
public struct DNSName: Sendable {
    /// The longest name, in bytes of ``wire`` (RFC 1035 §2.3.4).
    static let maximumLength = 255
    /// The longest label, in bytes (RFC 1035 §2.3.4).
    static let maximumLabelLength = 63

    /// The name's bytes in a message without compression: each label after its length, and a zero at the end.
    public let wire: [UInt8]

    /// The root, `.`.
    public static let root = DNSName(unchecked: [0])

    /// The caller knows that these are the bytes of a name.
    init(unchecked wire: [UInt8]) {
        self.wire = wire
    }

    /// A name of these labels, the leftmost first.
    ///
    /// - Throws: ``DNSError/badLabel``, ``DNSError/nameTooLong``.
    public init(labels: some Sequence<some Collection<UInt8>>) throws(DNSError) {
        var wire: [UInt8] = []
        for label in labels {
            guard !label.isEmpty, label.count <= Self.maximumLabelLength else { throw .badLabel }
            wire.append(UInt8(label.count))
            wire.append(contentsOf: label)
            guard wire.count < Self.maximumLength else { throw .nameTooLong }
        }
        wire.append(0)
        self.wire = wire
    }

    /// The labels, the leftmost first; none for the root.
    public var labels: [ArraySlice<UInt8>] {
        var labels: [ArraySlice<UInt8>] = []
        var position = 0
        while self.wire[position] != 0 {
            let end = position + 1 + Int(self.wire[position])
            labels.append(self.wire[(position + 1)..<end])
            position = end
        }
        return labels
    }

    /// Whether this is the root.
    public var isRoot: Bool { self.wire.count == 1 }

    /// The name without its leftmost label; the root for the root.
    public var parent: DNSName {
        self.isRoot ? self : DNSName(unchecked: Array(self.wire[(1 + Int(self.wire[0]))...]))
    }

    /// Whether this is `zone` itself, or a name below it.
    public func isWithin(_ zone: DNSName) -> Bool {
        let start = self.wire.count - zone.wire.count
        guard start >= 0 else { return false }
        // The zone's bytes have to begin at a label, not in the middle of one.
        var position = 0
        while position < start { position += 1 + Int(self.wire[position]) }
        return position == start && zip(self.wire[start...], zone.wire).allSatisfy { $0.lowercased == $1.lowercased }
    }

    /// This name in front of another one: `web` and `shop.svc` give `web.shop.svc`.
    ///
    /// - Throws: ``DNSError/nameTooLong``.
    public func appending(_ suffix: DNSName) throws(DNSError) -> DNSName {
        guard self.wire.count - 1 + suffix.wire.count <= Self.maximumLength else { throw .nameTooLong }
        return DNSName(unchecked: self.wire.dropLast() + suffix.wire)
    }

    /// The name without `suffix`, which it has to be within: `web.shop.svc` without `svc` is `web.shop`.
    public func removing(_ suffix: DNSName) -> DNSName? {
        guard self.isWithin(suffix) else { return nil }
        return DNSName(unchecked: self.wire.dropLast(suffix.wire.count) + [0])
    }

    /// The same name with every ASCII letter in lower case.
    public var lowercased: DNSName { DNSName(unchecked: self.wire.map(\.lowercased)) }
}

extension DNSName: Hashable {
    /// Whether the names are the same, whatever the case of their ASCII letters.
    public static func == (left: DNSName, right: DNSName) -> Bool {
        left.wire.count == right.wire.count
            && (left.wire == right.wire || zip(left.wire, right.wire).allSatisfy { $0.lowercased == $1.lowercased })
    }

    /// Hashes the name as if it were in lower case.
    public func hash(into hasher: inout Hasher) {
        for byte in self.wire { hasher.combine(byte.lowercased) }
    }
}

extension UInt8 {
    /// The byte, or the lower-case letter where it is an upper-case one. Lengths of labels, at most 63, stay as they are.
    var lowercased: UInt8 { self >= 0x41 && self <= 0x5A ? self | 0x20 : self }
}
