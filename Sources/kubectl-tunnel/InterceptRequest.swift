import Requests
import Session

/// What the user asked for, checked as far as words can be.
struct InterceptRequest: Sendable {
    var service: String
    var ports: [PortRequest]
    /// Which requests of them; `nil` for whole connections.
    var rule: RequestRule?
    /// Whether these say who called.
    var tellsCaller = true
    /// Whether copies are wanted, and somebody else answers.
    var isMirror = false
    var address: LocalAddress
    var image: String
    var imagePullSecret: String?
    var leaseDurationSeconds: Int
    var waitsForLocalPort: Bool
    var timeout: Duration
    var isForced: Bool
    var asksNothing: Bool
    var wantsNetworkPolicy: Bool
    var mayLackFailsafe: Bool
    var takesOver: Bool
    /// What is run beside it, to serve the traffic and reach the cluster by its names; empty for nothing.
    var command: [String]
    /// What that reaches through the gateway besides the cluster's own.
    var allowed: [String]
    /// Whether each request is shown.
    var showsRequests = false
    /// Where requests are recorded; `nil` for nowhere.
    var recording: Recording?

    /// Whether the user goes on in spite of a finding.
    func overrides(_ finding: Finding) -> Bool {
        switch finding.yieldsTo {
        case .force: self.isForced
        case .noFailsafe: self.mayLackFailsafe
        case .yes: self.asksNothing
        case nil: false
        }
    }
}
