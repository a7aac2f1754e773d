/// Reads a history, and says what in it must not be.
package enum Checker {
    /// By how much a moment that the driver wrote down may be off, in seconds.
    static let slack = 0.3
    /// How long kube-proxy may take to follow a Service, in seconds.
    static let follow = 3.0
    /// How long the cluster may take to restore after the Lease has run out, in seconds (DESIGN).
    static let restoreSlack = 5.0
    /// How long the watch and the load of the machine may take, in seconds.
    static let watchSlack = 1.5

    /// Everything that must not be, in order.
    package static func violations(in history: History) -> [Violation] {
        (Self.callers(history) + Self.answers(history) + Self.owners(history) + Self.restores(history)
            + Self.applies(history) + Self.ends(history) + Self.reasons(history) + Self.departed(history)
            + Self.places(history))
            .sorted { $0.time < $1.time }
    }

    /// How many of which: `I1: 3, I7: 1`.
    package static func summary(_ violations: [Violation]) -> String {
        Dictionary(grouping: violations, by: \.invariant.name).map { "\($0.key): \($0.value.count)" }.sorted()
            .joined(separator: ", ")
    }

    /// Whether a fault of a kind that fulfils the condition lies before a moment and since another.
    static func faults(
        _ history: History, from: Double, to: Double, _ condition: (FaultKind) -> Bool
    ) -> [History.Fault] {
        history.faults.filter { condition($0.kind) && $0.begin <= to && $0.end >= from }
    }
}
