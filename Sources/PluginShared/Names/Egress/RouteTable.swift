/// A pod's routes, as Linux lists them in /proc/net/route: from them it knows addresses of its node that nobody told it.
public struct RouteTable: Sendable, Equatable {
    /// Who takes on what is for elsewhere: on the usual bridges an address of the node.
    public let gateways: Set<IPv4Address>
    /// The first address of each network that the pod is in, which bridges have as a rule.
    public let firstHops: Set<IPv4Address>

    /// Reads the text of that file; a line that is none is passed over.
    public init(text: String) {
        var gateways: Set<IPv4Address> = []
        var firstHops: Set<IPv4Address> = []
        for line in text.split(separator: "\n").dropFirst() {
            let words = line.split(whereSeparator: \.isWhitespace)
            guard words.count > 7, let network = Self.number(words[1]), let gateway = Self.number(words[2]),
                let mask = Self.number(words[7])
            else { continue }
            if gateway != 0 { gateways.insert(IPv4Address(rawValue: gateway)) }
            // A default route, or one to a single host, is no network that others are in.
            if gateway == 0, mask != 0, mask != .max { firstHops.insert(IPv4Address(rawValue: network + 1)) }
        }
        self.gateways = gateways
        self.firstHops = firstHops
    }

    /// Eight hexadecimal digits, in the byte order of the machine: little-endian on all that this runs on.
    private static func number(_ word: Substring) -> UInt32? {
        guard word.utf8.count == 8 else { return nil }
        return UInt32(word, radix: 16)?.byteSwapped
    }
}
