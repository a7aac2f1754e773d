/// What became of a Service that was to be given back.
public enum RestoreOutcome: Sendable, Equatable, Codable {
    /// It points at its own pods again.
    case restored
    /// Somebody else had changed its selector, which was left alone.
    case displaced
    /// It carried nothing of the session.
    case untouched
    /// It is gone.
    case serviceGone
    /// The two copies of the original selector differ; nothing was written.
    case disagreement(annotation: String, origin: String)
}
