public import Kubernetes
public import Session

/// Why a session's write was not done.
public enum WriteFailure: Error, Sendable, Equatable, CustomStringConvertible {
    /// The API server's refusal, and what was tried, as `create service/web`.
    case api(APIError, action: String)
    /// A refusal of our own, or the controller's.
    case refused(Refusal)

    /// The reason alone, where what was tried is said already.
    public var description: String {
        switch self {
        case .api(let error, _): error.message
        case .refused(let refusal): refusal.summary
        }
    }

    /// What the failure means to a client that only reads.
    public var refusal: Refusal {
        switch self {
        case .api(let error, let action): Refusal("cannot \(action): \(error.message)")
        case .refused(let refusal): refusal
        }
    }

    /// Whether it is something to try again.
    public var isTransient: Bool {
        if case .api(let error, _) = self { error.isTransient } else { false }
    }

    /// Whether the server did not know who asks: a token may just have been replaced.
    public var isUnauthorized: Bool {
        if case .api(let error, _) = self { error.code == .unauthorized } else { false }
    }
}
