/// What became of a Service that was to be restored.
public enum RestoreOutcome: Sendable, Equatable, Codable {
    /// It points at its own pods again.
    case restored
    /// Another client had changed its selector, which was left alone.
    case displaced
    /// It carried nothing of the session.
    case untouched
    /// Other sessions have the tunnel: nothing was written.
    case shared
    /// It is gone.
    case serviceGone
    /// The two copies of the original selector differ; nothing was written.
    case selectorConflict(annotation: String, origin: String)
}
