public import Requests

/// What a session wants of its Service.
public struct PortWish: Sendable, Equatable {
    /// The Service's ports.
    public var ports: Set<Int>
    /// Which requests of them; `nil` for whole connections.
    public var rule: RequestRule?
    /// Whether it wants copies of them, and somebody else answers.
    public var isMirror: Bool

    /// A wish.
    public init(ports: Set<Int>, rule: RequestRule? = nil, isMirror: Bool = false) {
        self.ports = ports
        self.rule = rule
        self.isMirror = isMirror
    }
}
