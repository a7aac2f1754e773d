public import Kubernetes

extension Service {
    /// The session that the Service is marked with; `nil` for none.
    public var markedSession: SessionID? { self.metadata.annotation(Key.session).flatMap(SessionID.init) }

    /// Whether the Service carries a session's mark and every key of its selector leads to that session's proxy.
    public func isSwitched(to session: SessionID) -> Bool {
        let value = SessionNames(service: self.metadata.name).selectorValue(for: session)
        return self.markedSession == session && !self.selector.isEmpty
            && self.selector.values.allSatisfy { $0 == value }
    }
}
