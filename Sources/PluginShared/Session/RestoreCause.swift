/// Why a Service goes back to its pods, as the Event on it says.
public enum RestoreCause: Sendable, Equatable, Codable {
    /// Its holder ended the session, or the holder's plugin had to.
    case ended(holder: String)
    /// `kubectl tunnel stop`.
    case stopped(by: String)
    /// `kubectl tunnel intercept --take-over`.
    case takenOver(by: String)
    /// The laptop was silent for the Lease's duration.
    case expired(holder: String)
    /// A client deleted the session's Lease.
    case leaseDeleted(holder: String)
    /// The origin Service was deleted while the laptop did not answer.
    case originDeleted(holder: String)
    /// The proxy's pod was asked to terminate; the session may continue with the next one.
    case proxyEnds(holder: String)
    /// No proxy pod is ready; the session continues when one is.
    case proxyMissing(holder: String)
    /// The proxy has not noticed that its tunnel is lost; the session continues when it is back.
    case proxySilent(holder: String)
    /// A later run of a plugin found what a dead session had left.
    case recovered(by: String)

    /// The Event's reason.
    public var reason: String {
        switch self {
        case .ended, .stopped, .leaseDeleted, .originDeleted, .proxyEnds, .proxyMissing, .proxySilent, .recovered:
            "TunnelRestored"
        case .expired: "TunnelExpired"
        case .takenOver: "TunnelTakenOver"
        }
    }

    /// What happened, as the second half of a sentence.
    var text: String {
        switch self {
        case .ended(let holder): "\(holder) ended the intercept"
        case .stopped(let person): "\(person) stopped the intercept"
        case .takenOver(let person): "\(person) takes the Service over"
        case .expired(let holder): "\(holder) was not heard of"
        case .leaseDeleted(let holder): "the lease of \(holder) was deleted"
        case .originDeleted(let holder): "the way to the pods was deleted while \(holder) did not answer"
        case .proxyEnds(let holder): "the proxy of \(holder) ends"
        case .proxyMissing(let holder): "no proxy of \(holder) is ready"
        case .proxySilent(let holder): "the proxy of \(holder) does not answer"
        case .recovered(let person): "\(person) recovered what a dead session had left"
        }
    }
}
