/// Who holds a session: `USER/HOST/SESSION` in the Lease's holderIdentity.
public struct Holder: Sendable, Equatable, CustomStringConvertible {
    /// The user's name on the laptop.
    public let user: String
    /// The laptop's name.
    public let host: String
    /// The session.
    public let session: SessionID

    /// A holder; slashes in names become underscores.
    public init(user: String, host: String, session: SessionID) {
        self.user = Self.part(user)
        self.host = Self.part(host)
        self.session = session
    }

    /// A holder from a Lease; `nil` when the text is none of ours.
    public init?(_ text: String?) {
        guard let parts = text?.split(separator: "/", omittingEmptySubsequences: false), parts.count == 3,
            let session = SessionID(String(parts[2]))
        else { return nil }
        self.init(user: String(parts[0]), host: String(parts[1]), session: session)
        // What is written back has to be what was read.
        guard self.description == text else { return nil }
    }

    /// As in the Lease.
    public var description: String { "\(self.user)/\(self.host)/\(self.session)" }
    /// As people say it: `alice on laptop`.
    public var person: String { "\(self.user) on \(self.host)" }

    private static func part(_ text: String) -> String {
        text.isEmpty ? "unknown" : String(text.map { $0 == "/" || $0.isWhitespace ? "_" : $0 })
    }
}
