/// The names of a gateway's objects. They are the session's, since nobody else is to be kept out by them.
public struct GatewayNames: Sendable, Equatable {
    /// The Lease: `tunnel-dns-alice-laptop-SESSION`, so that people see whose it is.
    public let lease: String
    /// The Deployment, which owns everything else but the Lease.
    public let deployment: String
    /// The account, its Role and their binding, where the user may make them.
    public let account: String

    /// What user and host may take of the Lease's name, each, in characters: with the rest it stays below 63.
    private static let longestPart = 18

    /// The names for one holder.
    public init(holder: Holder) {
        let name = "kt-\(holder.session)-gateway"
        self.lease = "tunnel-dns-\(Self.part(holder.user))-\(Self.part(holder.host))-\(holder.session)"
        self.deployment = name
        self.account = name
    }

    /// As an object's name may have it: lowercase letters, digits and dashes, none at an end.
    private static func part(_ text: String) -> String {
        let characters = text.lowercased().map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "-" }
        let words = String(characters.prefix(Self.longestPart)).split(separator: "-")
        return words.isEmpty ? "x" : words.joined(separator: "-")
    }
}
