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
    /// The command beside the intercept has ended, with this exit code.
    case commandEnded(Int32)
    /// The session is asked to end.
    case endRequested(EndRequest)
    /// A client deleted an object that the session cannot do without: its kind and name.
    case objectDeleted(String)
    /// The proxy's pod of this name is being deleted, or gone.
    case podDeleted(String)
    /// The Lease is another's now, or gone.
    case leaseLost(String)
    /// Nothing ran on this machine, or in this process, for so long.
    case slept(Duration)
    /// The Service as a watch shows it; `nil` when it was deleted.
    case service(Service?)
}

/// How an intercept came to its end.
enum SessionEnd: Sendable {
    /// The user: exit code 0.
    case asked(String)
    /// Another client: exit code 0 after `stop`, 1 after a take-over.
    case requested(EndRequest)
    /// The command beside the intercept ended: its exit code.
    case commandEnded(Int32)
    /// Something went wrong: exit code 1.
    case failed(any Error)
    /// The Service belongs to another client now: it is left alone, and the rest is cleaned up.
    case displaced(String)
}
