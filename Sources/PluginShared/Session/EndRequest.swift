public import Kubernetes

/// A request to end a session, as an annotation of its Lease. Its plugin carries it out; when there is none, the
/// in-cluster side does.
public enum EndRequest: Sendable, Equatable {
    /// `kubectl tunnel stop`, by this person.
    case stop(by: String)
    /// `kubectl tunnel intercept --take-over`, by this person.
    case takeOver(by: String)

    /// The wish that a Lease carries; `nil` for none.
    public init?(_ lease: Lease) {
        if let person = lease.metadata.annotation(Key.takeOverRequestedBy) {
            self = .takeOver(by: person)
        } else if let person = lease.metadata.annotation(Key.stopRequestedBy) {
            self = .stop(by: person)
        } else {
            return nil
        }
    }

    /// As the session's holder reads it.
    public var text: String {
        switch self {
        case .stop(let person): "stopped by \(person)"
        case .takeOver(let person): "taken over by \(person)"
        }
    }

    /// Why the Service goes back.
    public var cause: RestoreCause {
        switch self {
        case .stop(let person): .stopped(by: person)
        case .takeOver(let person): .takenOver(by: person)
        }
    }

    /// The patch of the Lease; it fails with 422 when the session is not this holder's any more.
    public func patch(holder: Holder) -> JSONPatch {
        switch self {
        case .stop(let person): Lease.annotation(Key.stopRequestedBy, person, holder: holder)
        case .takeOver(let person): Lease.annotation(Key.takeOverRequestedBy, person, holder: holder)
        }
    }
}
