/// What plugin and proxy send each other beside the traffic: one line each, on the tunnel's control stream.
public enum ControlLine: Sendable, Equatable {
    /// To the proxy: check that the original pods can be reached.
    case check
    /// To the plugin: they can be reached, or which cannot, and the routes at which the original pods refuse connections.
    case checked(obstacle: String?, refusing: [String] = [])
    /// To the proxy: the Service is restored; end connections when they are quiet.
    case drain
    /// To the proxy: the session leaves the tunnel; end its connections when they are quiet. Answered by `laptop-drained`.
    case leave
    /// To the plugin: this person's session has a port that it wants.
    case taken(by: String)
    /// To the plugin: no connection is left, or the time was up.
    case drained
    /// To the plugin: the laptop has no connection left, and so many others were open before the drain and still pass through.
    case laptopDrained(passing: Int)
    /// To the plugin: this pod ends; the Service was, or is being, restored.
    case terminating
    /// To the plugin: so many connections are open, and no more are taken.
    case callersRefused(limit: Int)
    /// To the plugin: callers of a route speak this, and whose a request is cannot be seen.
    case notRead(route: String, protocol: String)
    /// To the plugin of a mirror: so many copies were taken since the proxy's start, and so many were lost, by reason.
    case mirrored(copies: Int, lost: [String: Int])
    /// To the proxy: the local process of a route does not answer.
    case localDown(route: String)
    /// To the proxy: it answers again.
    case localUp(route: String)

    /// The line.
    public var text: String {
        switch self {
        case .check: "check"
        case .checked(let obstacle, let refusing):
            "checked\t\(obstacle ?? "")\(refusing.map { "\t\($0)" }.joined())"
        case .drain: "drain"
        case .leave: "leave"
        case .taken(let person): "taken\t\(person)"
        case .drained: "drained"
        case .laptopDrained(let passing): "laptop-drained\t\(passing)"
        case .terminating: "terminating"
        case .callersRefused(let limit): "callers-refused\t\(limit)"
        case .notRead(let route, let name): "not-read\t\(route)\t\(name)"
        case .mirrored(let copies, let lost):
            "mirrored\t\(copies)" + lost.sorted { $0.key < $1.key }.map { "\t\($0.key)=\($0.value)" }.joined()
        case .localDown(let route): "local-down\t\(route)"
        case .localUp(let route): "local-up\t\(route)"
        }
    }

    /// Reads a line; `nil` for one that this version does not know, which is to be ignored.
    public init?(_ text: String) {
        let parts = text.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
        switch (parts.first, parts.count) {
        case ("check", 1): self = .check
        case ("checked", 2...):
            self = .checked(obstacle: parts[1].isEmpty ? nil : parts[1], refusing: Array(parts.dropFirst(2)))
        case ("drain", 1): self = .drain
        case ("leave", 1): self = .leave
        case ("taken", 2): self = .taken(by: parts[1])
        case ("drained", 1): self = .drained
        case ("laptop-drained", 2):
            guard let passing = Int(parts[1]) else { return nil }
            self = .laptopDrained(passing: passing)
        case ("terminating", 1): self = .terminating
        case ("callers-refused", 2):
            guard let limit = Int(parts[1]) else { return nil }
            self = .callersRefused(limit: limit)
        case ("not-read", 3): self = .notRead(route: parts[1], protocol: parts[2])
        case ("mirrored", 2...):
            guard let copies = Int(parts[1]) else { return nil }
            let lost = parts.dropFirst(2).compactMap { part -> (String, Int)? in
                let words = part.split(separator: "=")
                return words.count == 2 ? Int(words[1]).map { (String(words[0]), $0) } : nil
            }
            self = .mirrored(copies: copies, lost: Dictionary(lost) { $1 })
        case ("local-down", 2): self = .localDown(route: parts[1])
        case ("local-up", 2): self = .localUp(route: parts[1])
        default: return nil
        }
    }
}
