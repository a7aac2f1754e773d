/// Why a command could not be run in a namespace of its own.
public struct NamespaceFailure: Error, Hashable, Sendable {
    /// What is the matter, in one line: lowercase, no period.
    public let reason: String
    /// What to do about it.
    public let hint: String?
    /// The exit code that shells would give: 126 and 127 for commands that cannot be run or found, 1 otherwise.
    public let exitCode: Int32

    init(_ reason: String, hint: String? = nil, exitCode: Int32 = 1) {
        self.reason = reason
        self.hint = hint
        self.exitCode = exitCode
    }
}
