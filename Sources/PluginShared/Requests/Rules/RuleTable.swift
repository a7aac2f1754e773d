/// Which session gets a request: the oldest whose rule it meets.
public struct RuleTable<Session: Hashable & Sendable>: Hashable, Sendable {
    // Apart, so that the search, which each request waits for, is not generic.
    private let rules: [RequestRule]
    private let sessions: [Session]

    /// A table.
    ///
    /// - Parameter entries: The oldest session first, as it is decided who has a port.
    public init(oldestFirst entries: [(session: Session, rule: RequestRule)]) {
        self.rules = entries.map(\.rule)
        self.sessions = entries.map(\.session)
    }

    /// Whose request this is; `nil` for nobody's.
    public func session(for head: RequestHead) -> Session? {
        head.firstMatch(of: self.rules).map { self.sessions[$0] }
    }

    /// The oldest session that has this very rule.
    public func session(with rule: RequestRule) -> Session? {
        self.rules.firstIndex(of: rule).map { self.sessions[$0] }
    }
}

extension RequestHead {
    /// The number of the first rule that the request meets.
    fileprivate func firstMatch(of rules: [RequestRule]) -> Int? {
        rules.firstIndex { $0.matches(self) }
    }
}
