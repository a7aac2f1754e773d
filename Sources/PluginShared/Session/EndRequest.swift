public import Kubernetes

/// A request to end a session, as an annotation of its Lease. Its plugin carries it out; when there is none, the
/// in-cluster side does.
public enum EndRequest: Sendable, Equatable {
    /// `kubectl tunnel stop`, by this person.
    case stop(by: String)
    /// `kubectl tunnel intercept --take-over`, by this person.
    case takeOver(by: String)
    /// The plugin itself, by this person: the Service is restored, and connections that pass through are left to the proxy.
    case handOver(by: String)

    /// The wish that a Lease carries; `nil` for none.
    public init?(_ lease: Lease) {
        if let person = lease.metadata.annotation(Key.takeOverRequestedBy) {
            self = .takeOver(by: person)
        } else if let person = lease.metadata.annotation(Key.stopRequestedBy) {
            self = .stop(by: person)
        } else if let person = lease.metadata.annotation(Key.handedOverBy) {
            self = .handOver(by: person)
        } else {
            return nil
        }
    }

    /// As the session's holder reads it.
    public var text: String {
        switch self {
        case .stop(let person): "stopped by \(person)"
        case .takeOver(let person): "taken over by \(person)"
        case .handOver(let person): "handed over by \(person)"
        }
    }

    /// Why the Service goes back.
    public var cause: RestoreCause {
        switch self {
        case .stop(let person): .stopped(by: person)
        case .takeOver(let person): .takenOver(by: person)
        case .handOver(let person): .ended(holder: person)
        }
    }

    /// Whether the plugin has left the rest to the proxy.
    public var isHandOver: Bool { if case .handOver = self { true } else { false } }

    /// The patch of the Lease; it fails with 422 when the session is not this holder's any more.
    public func patch(holder: Holder) -> JSONPatch {
        switch self {
        case .stop(let person): Lease.annotation(Key.stopRequestedBy, person, holder: holder)
        case .takeOver(let person): Lease.annotation(Key.takeOverRequestedBy, person, holder: holder)
        case .handOver(let person): Lease.annotation(Key.handedOverBy, person, holder: holder)
        }
    }
}
