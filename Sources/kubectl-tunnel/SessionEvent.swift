import Kubernetes
import Session
import Tunnel

/// A fact that a running intercept has to answer to.
enum SessionEvent: Sendable {
    /// Ctrl-C, SIGTERM or SIGHUP.
    case interrupted
    /// Setting up is done; the Service is switched.
    case switched
    /// Setting up failed.
    case setUpFailed(any Error)
    /// From the tunnel with this number.
    case tunnel(Int, LaptopEvent)
    /// The tunnel is back after it was lost.
    case reconnected
    /// `kubectl tunnel stop`, by this person.
    case stopRequested(String)
    /// Somebody deleted an object that the session cannot do without: its kind and name.
    case objectDeleted(String)
    /// The Lease is another's now, or gone.
    case leaseLost(String)
    /// The Service as a watch shows it; `nil` when it was deleted.
    case service(Service?)
}

/// How an intercept came to its end.
enum SessionEnd: Sendable {
    /// The user, or somebody by `stop`: exit code 0.
    case asked(String)
    /// Something went wrong: exit code 1.
    case failed(any Error)
    /// The Service is somebody else's now: it is left alone, and the rest is cleaned up.
    case displaced(String)
}
