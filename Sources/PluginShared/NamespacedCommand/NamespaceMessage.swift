/// What the plugin and its helper in the namespace say to each other: one message a datagram, as words.
enum NamespaceMessage: Hashable, Sendable {
    // What the helper says.

    /// The namespace is there, and its listeners come along: for each family any address's connections, then DNS over UDP
    /// and TCP.
    case ready
    /// It could not be made: the step, and errno.
    case failed(step: String, code: Int32)
    /// The command runs under this process id.
    case started(pid: Int32)
    /// A socket comes along.
    case socket
    /// There is no socket: errno.
    case noSocket(code: Int32)
    /// The command has ended with this exit code, 128 and its number after a signal.
    case ended(code: Int32)

    // What the plugin says.

    /// Start the command; this is what resolv.conf is to say.
    case start(resolver: String)
    /// A socket of the namespace is wanted: of IPv6, or of IPv4.
    case wantsSocket(isIPv6: Bool)
    /// Ports on which the machine itself listens on loopback now.
    case hostPorts([UInt16])

    /// The longest message, in bytes: every port there is, with room to spare.
    static let maximumSize = 1 << 19

    /// The message's bytes.
    var text: String {
        switch self {
        case .ready: "ready"
        case .failed(let step, let code): "failed \(code) \(step)"
        case .started(let pid): "started \(pid)"
        case .socket: "socket"
        case .noSocket(let code): "no-socket \(code)"
        case .ended(let code): "ended \(code)"
        case .start(let resolver): "start \(resolver)"
        case .wantsSocket(let isIPv6): "wants-socket \(isIPv6 ? 6 : 4)"
        case .hostPorts(let ports): "host-ports " + ports.map { "\($0)" }.joined(separator: " ")
        }
    }

    /// The message in the bytes; `nil` when it is none.
    init?(_ text: String) {
        let parts = text.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
        let rest = parts.count > 1 ? parts[1] : ""
        switch parts[0] {
        case "ready": self = .ready
        case "failed":
            let words = rest.split(separator: " ", maxSplits: 1)
            guard words.count == 2, let code = Int32(words[0]) else { return nil }
            self = .failed(step: String(words[1]), code: code)
        case "started":
            guard let pid = Int32(rest) else { return nil }
            self = .started(pid: pid)
        case "socket": self = .socket
        case "no-socket":
            guard let code = Int32(rest) else { return nil }
            self = .noSocket(code: code)
        case "ended":
            guard let code = Int32(rest) else { return nil }
            self = .ended(code: code)
        case "start": self = .start(resolver: String(rest))
        case "wants-socket": self = .wantsSocket(isIPv6: rest == "6")
        case "host-ports": self = .hostPorts(rest.split(separator: " ").compactMap { UInt16($0) })
        default: return nil
        }
    }
}
