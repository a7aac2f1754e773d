import Requests
import Tunnel

/// What a session is called where its user reads of it.
struct SessionWords: Sendable {
    /// Whether it gets copies, and somebody else answers.
    let isMirror: Bool

    /// What it is.
    var name: String { self.isMirror ? "mirror" : "intercept" }
    /// How things are while the laptop's process answers.
    var here: String { self.isMirror ? "copies come here" : "traffic comes here" }
    /// How they are while it does not.
    var elsewhere: String { self.isMirror ? "copies are dropped" : "traffic goes to the original pods" }
    /// What becomes of requests that are not read.
    var unread: String { self.isMirror ? "are not copied" : "go where they went without you" }

    /// What comes where, from now on.
    func begins(at port: Int, of service: String, to address: String, _ rule: RequestRule?) -> String {
        let rule = rule.map { $0.text }
        let suffix = rule.map { ": requests with \($0)" } ?? ""
        guard self.isMirror else { return "service/\(service) port \(port) now comes to \(address)\(suffix)" }
        let what = rule == nil ? "new connections" : "requests"
        return "copies of \(what) to service/\(service) port \(port) now come to \(address)\(suffix)"
    }

    /// What the user is told then.
    ///
    /// - Parameter isMaker: Whether nobody else has the tunnel.
    func ready(isMaker: Bool) -> String {
        if self.isMirror { return "others answer, and the answers of your process are dropped; Ctrl-C ends it" }
        return isMaker
            ? "nodes follow within a second; open connections stay at the pods; Ctrl-C ends it"
            : "others have this tunnel, too, and notice nothing; Ctrl-C ends your part"
    }

    /// What did not come; `nil` for nothing.
    ///
    /// - Parameter lost: By ``CopyLoss``'s name, as the proxy says it.
    static func text(lost: [String: Int]) -> String? {
        let reasons = CopyLoss.allCases.compactMap { loss in
            lost[loss.rawValue].flatMap { $0 > 0 ? (loss, $0) : nil }
        }
        guard !reasons.isEmpty else { return nil }
        let parts = reasons.map { "\($0.1) \(Self.reason($0.0))" }
        return "\(reasons.reduce(0) { $0 + $1.1 }) dropped: \(parts.joined(separator: ", "))"
    }

    private static func reason(_ loss: CopyLoss) -> String {
        switch loss {
        case .full: "came faster than they were taken here"
        case .away: "while the tunnel did not answer"
        case .refused: "were not taken by your process, or ended by it"
        case .unreadable: "with an uncertain end"
        }
    }
}
