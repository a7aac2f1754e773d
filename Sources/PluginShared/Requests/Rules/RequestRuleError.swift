/// Why a rule cannot be: one line what, one line what to do.
public struct RequestRuleError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong, lowercase, without a period, with the words as the user typed them.
    public var summary: String
    /// What to do about it.
    public var hint: String

    /// What is wrong.
    public var description: String { self.summary }

    /// An error.
    public init(_ summary: String, hint: String) {
        self.summary = summary
        self.hint = hint
    }
}
