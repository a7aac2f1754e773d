/// Which session gets a request: the oldest whose rule it meets.
public struct RuleTable<Session: Hashable & Sendable>: Hashable, Sendable {
    /// A session and its rule.
    public struct Entry: Hashable, Sendable {
        /// Whose rule it is.
        public var session: Session
        /// The rule.
        public var rule: RequestRule

        /// An entry.
        public init(session: Session, rule: RequestRule) {
            self.session = session
            self.rule = rule
        }
    }

    /// The oldest first.
    public let entries: [Entry]

    /// A table.
    ///
    /// - Parameter entries: The oldest session first, as ports are decided.
    public init(oldestFirst entries: [Entry]) {
        self.entries = entries
    }

    /// Whose request this is; `nil` for nobody's.
    public func session(for head: RequestHead) -> Session? {
        self.entries.first { $0.rule.matches(head) }?.session
    }

    /// The oldest session that has this very rule.
    public func session(with rule: RequestRule) -> Session? {
        self.entries.first { $0.rule == rule }?.session
    }
}
