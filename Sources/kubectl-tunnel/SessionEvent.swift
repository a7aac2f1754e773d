import Session
import Tunnel

/// What a running intercept hears.
enum SessionEvent: Sendable {
    /// What the session has to answer to.
    case session(LaptopSession.Event)
    /// From the tunnel with this number.
    case tunnel(Int, LaptopEvent)
    /// Nothing ran on this machine, or in this process, for so long.
    case slept(Duration)
}
