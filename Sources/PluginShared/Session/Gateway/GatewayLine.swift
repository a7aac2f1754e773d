/// What a gateway sends the plugin beside the traffic: one line each, on the tunnel's control stream.
public enum GatewayLine: Sendable, Equatable {
    /// The cluster's zone, and the suffixes that are tried for short names, as the gateway's resolv.conf has them.
    case names(zone: String, search: [String], minimumDots: Int)
    /// This pod ends.
    case terminating

    /// The line.
    public var text: String {
        switch self {
        case .names(let zone, let search, let minimumDots):
            "names\t\(zone)\t\(minimumDots)\t\(search.joined(separator: " "))"
        case .terminating: "terminating"
        }
    }

    /// Reads a line; `nil` for one that this version does not know, which is to be ignored.
    public init?(_ text: String) {
        let parts = text.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
        switch (parts.first, parts.count) {
        case ("names", 4):
            guard let minimumDots = Int(parts[2]), (0...15).contains(minimumDots) else { return nil }
            self = .names(
                zone: parts[1], search: parts[3].split(separator: " ").map(String.init), minimumDots: minimumDots)
        case ("terminating", 1): self = .terminating
        default: return nil
        }
    }
}
