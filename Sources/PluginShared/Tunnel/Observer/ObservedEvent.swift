/// What somebody who looks at a connection has found.
public enum ObservedEvent: Sendable, Equatable {
    /// A request has come to its end.
    case request(ObservedRequest)
    /// From here on nothing of the connection is read, because it speaks this.
    case notRead(String)
}

/// Whose connection it is that is looked at.
public struct ObservedConnection: Sendable, Hashable {
    /// The route, e.g. `web:80`.
    public let route: String
    /// The caller's address and port, as the pod says.
    public let caller: String
    /// The local process.
    public let target: LocalTarget
}

/// What a laptop's end is to tell of the requests that come to it.
public struct RequestObservation: Sendable {
    /// Whether heads and contents are kept, up to ``ObservedMessage/maximumContent`` each.
    let keepsContent: Bool
    /// Called on the end's event loop: it may not wait.
    let report: @Sendable (ObservedEvent, ObservedConnection) -> Void

    /// An observation.
    ///
    /// - Parameters:
    ///   - keepsContent: Whether heads and contents are kept, up to ``ObservedMessage/maximumContent`` each.
    ///   - report: Called on the end's event loop, on which all bytes are carried: it may not wait.
    public init(
        keepsContent: Bool, report: @escaping @Sendable (ObservedEvent, ObservedConnection) -> Void
    ) {
        self.keepsContent = keepsContent
        self.report = report
    }
}
