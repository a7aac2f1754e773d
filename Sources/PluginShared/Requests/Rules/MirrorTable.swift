/// Who gets copies of what callers of a port send.
public struct MirrorTable<Session: Hashable & Sendable>: Hashable, Sendable {
    /// Those that get whole connections.
    public let ofConnections: [Session]
    private let rules: [RequestRule]
    private let sessions: [Session]

    /// A table.
    ///
    /// - Parameter entries: With the rule that requests have to meet; `nil` for whole connections.
    public init(_ entries: [(session: Session, rule: RequestRule?)]) {
        self.ofConnections = entries.filter { $0.rule == nil }.map(\.session)
        let single = entries.compactMap { entry in entry.rule.map { (entry.session, $0) } }
        self.sessions = single.map(\.0)
        self.rules = single.map(\.1)
    }

    /// Whether some of them get single requests.
    public var readsRequests: Bool { !self.rules.isEmpty }

    /// All whose rule a request meets.
    public func sessions(for head: RequestHead) -> [Session] {
        self.rules.indices.filter { self.rules[$0].matches(head) }.map { self.sessions[$0] }
    }
}
