/// Who called, as fields of a request that tell it to a server: `X-Forwarded-For`, which most servers read, and `Forwarded`
/// (RFC 7239). Both are lists, in which each proxy names behind those before it whom it was called by.
public struct ForwardedFields: Hashable, Sendable {
    /// The longest address as text, with an IPv4 address at its end (POSIX, `INET6_ADDRSTRLEN`).
    private static let maximumLength = 45

    private let address: String

    /// The fields of a request that came from this address.
    ///
    /// - Parameter address: As the kernel writes it, without port and brackets. An IPv6 address that stands for an IPv4 one is that
    ///   one.
    /// - Returns: `nil` for what is no address.
    public init?(caller address: String) {
        let mapped = "::ffff:"
        let isMapped = address.hasPrefix(mapped) && address.contains(".")
        self.address = isMapped ? String(address.dropFirst(mapped.count)) : address
        let isNumeric = self.address.utf8.allSatisfy {
            $0.hexValue != nil || $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: ".")
        }
        guard isNumeric, self.address.contains(":") || self.address.contains("."),
            self.address.utf8.count <= Self.maximumLength
        else { return nil }
    }

    /// What each of them says of this caller.
    private var own: [(name: String, value: String)] {
        // A colon and brackets make a word that has to be quoted (RFC 7239 §4, §6).
        let node = self.address.contains(":") ? "\"[\(self.address)]\"" : self.address
        return [("X-Forwarded-For", self.address), ("Forwarded", "for=\(node)")]
    }

    /// The fields as HTTP/2 has them, each to be put in the place of the request's last one of its name.
    ///
    /// - Parameter last: The value of the request's last field of a name, which is in lower case; `nil` where it has none.
    public func fields(after last: (_ name: String) -> String?) -> [(name: String, value: String)] {
        self.own.map { field in
            let name = field.name.lowercased()
            let before = last(name) ?? ""
            return (name, before + Self.separator(behind: before.isEmpty) + field.value)
        }
    }

    /// An HTTP/1 request's head with the fields: a field that is there gets another value behind its last, others come last. All
    /// else is as it came. At most 150 bytes more.
    public func head(of request: RequestHead) -> [UInt8] {
        var edits: [(range: Range<Int>, bytes: [UInt8])] = []
        var lines = ""
        for (name, value) in self.own {
            if let field = request.fields.fields(of: name).last {
                let end = field.value.upperBound
                edits.append((end..<end, Array((Self.separator(behind: field.value.isEmpty) + value).utf8)))
            } else {
                lines += "\(name): \(value)\r\n"
            }
        }
        edits.append((request.fields.end, Array(lines.utf8)))
        return request.fields.bytes(with: edits)
    }

    private static func separator(behind isEmpty: Bool) -> String { isEmpty ? "" : ", " }
}
