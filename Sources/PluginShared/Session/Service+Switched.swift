public import Kubernetes

extension Service {
    /// The session that has switched the Service; `nil` for none, and for the helper Services of a session.
    public var markedSession: SessionID? {
        guard self.metadata.labels?[Key.session] == nil else { return nil }
        return self.metadata.annotation(Key.session).flatMap(SessionID.init)
    }

    /// Whether the Service carries a session's mark and every key of its selector leads to that session's proxy.
    public func isSwitched(to session: SessionID) -> Bool {
        let value = SessionNames(service: self.metadata.name).selectorValue(for: session)
        return self.markedSession == session && !self.selector.isEmpty
            && self.selector.values.allSatisfy { $0 == value }
    }
}
