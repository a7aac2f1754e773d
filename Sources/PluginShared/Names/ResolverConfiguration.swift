/// What resolv.conf(5) says, as far as a resolver in a pod needs it.
public struct ResolverConfiguration: Hashable, Sendable {
    /// The addresses of the name servers, in order.
    public var servers: [IPAddress]
    /// The suffixes that are tried for short names, in order.
    public var search: [DNSName]
    /// How many dots a name needs to be tried as it is first; 1 by default.
    public var minimumDots: Int

    /// Reads the file's text; what is not understood is left out, as resolvers do.
    public init(text: some StringProtocol) {
        self.servers = []
        self.search = []
        self.minimumDots = 1
        for line in text.split(whereSeparator: \.isNewline) {
            let words = line.split(whereSeparator: { $0 == " " || $0 == "\t" })
            guard let keyword = words.first, !keyword.hasPrefix("#"), !keyword.hasPrefix(";") else { continue }
            switch keyword {
            case "nameserver":
                if words.count > 1, let address = IPAddress(words[1]) { self.servers.append(address) }
            case "search", "domain":
                // The last of them counts.
                self.search = words.dropFirst().compactMap { try? DNSName($0) }
            case "options":
                for option in words.dropFirst() where option.hasPrefix("ndots:") {
                    // More than 15 is 15 (resolv.conf(5)).
                    self.minimumDots = Int(option.dropFirst("ndots:".count)).map { min(max($0, 0), 15) } ?? 1
                }
            default: break
            }
        }
    }

    /// The cluster's zone, from the search list that a kubelet writes (`NAMESPACE.svc.ZONE svc.ZONE ZONE …`); `nil` when
    /// the file is not a kubelet's.
    public var zone: DNSName? {
        let label = Array("svc".utf8)[...]
        for suffix in self.search where suffix.labels.first == label { return suffix.parent }
        return nil
    }

    /// The names that stand for `name`, in the order in which they are to be asked for.
    public func candidates(for name: String) -> [DNSName] {
        guard let asked = try? DNSName(name) else { return [] }
        if name.hasSuffix(".") { return [asked] }
        let suffixed = self.search.compactMap { try? asked.appending($0) }
        let isLong = asked.labels.count - 1 >= self.minimumDots
        return isLong ? [asked] + suffixed : suffixed + [asked]
    }
}
