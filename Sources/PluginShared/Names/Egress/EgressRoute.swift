/// `HOST:PORT`, as a connection is asked for: a name or an address, in brackets when it is IPv6.
public struct EgressRoute: Hashable, Sendable, CustomStringConvertible {
    /// The name, or the address without brackets.
    public var host: String
    /// 1 to 65535.
    public var port: Int

    /// A route.
    public init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// A route from its text; `nil` when it is none.
    public init?(_ text: some StringProtocol) {
        guard let colon = text.lastIndex(of: ":") else { return nil }
        let digits = text[text.index(after: colon)...]
        guard digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let port = Int(digits),
            (1...65_535).contains(port)
        else { return nil }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
            guard IPv6Address(host) != nil else { return nil }
        } else if host.contains(":") {
            return nil
        }
        guard !host.isEmpty, host.utf8.count <= 255 else { return nil }
        self.init(host: String(host), port: port)
    }

    /// As it is asked for.
    public var description: String {
        self.host.contains(":") ? "[\(self.host)]:\(self.port)" : "\(self.host):\(self.port)"
    }
}
