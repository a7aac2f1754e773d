/// Why something is not done: one line what, one line what to do.
public struct Refusal: Error, Sendable, Equatable, Codable, CustomStringConvertible {
    /// What is the matter, lowercase, without a period, with the object as the user typed it.
    public var summary: String
    /// What to do about it.
    public var hint: String?
    /// Whether `--force` goes on all the same.
    public var yieldsToForce: Bool

    /// What is the matter.
    public var description: String { self.summary }

    /// A refusal.
    public init(_ summary: String, hint: String? = nil, yieldsToForce: Bool = false) {
        self.summary = summary
        self.hint = hint
        self.yieldsToForce = yieldsToForce
    }
}
