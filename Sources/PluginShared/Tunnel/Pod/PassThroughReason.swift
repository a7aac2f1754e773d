/// Why a connection went to the origin.
public enum PassThroughReason: String, Sendable, CaseIterable {
    /// No session has its port.
    case notIntercepted = "not_intercepted"
    /// The session that has it leaves, or the tunnel ends.
    case ending
    /// The session's laptop is not connected.
    case noLink = "no_link"
    /// The laptop has not answered for a while.
    case suspect
    /// The laptop did not take it, or not in time.
    case laptopRefused = "laptop_refused"
}
