public import Kubernetes

extension Service {
    /// The session that has switched the Service; `nil` for none, and for the helper Services of a session.
    public var markedSession: SessionID? {
        guard self.metadata.labels?[Key.session] == nil else { return nil }
        return self.metadata.annotation(Key.session).flatMap(SessionID.init)
    }

    /// The Service's own selector, also while it is switched. Only for looking: what is restored, ``Restore`` decides.
    public var ownSelector: [String: String] {
        guard self.markedSession != nil, let text = self.metadata.annotation(Key.originalSelector),
            case .object(let members)? = JSONValue(text: text)
        else { return self.selector }
        return members.compactMapValues(\.text)
    }

    /// The label selector by which its own pods are listed.
    public var ownPods: String {
        self.ownSelector.map { "\($0.key)=\($0.value)" }.sorted().joined(separator: ",")
    }

    /// Whether the Service carries a session's mark and every key of its selector leads to that session's proxy.
    public func isSwitched(to session: SessionID) -> Bool {
        let value = SessionNames(service: self.metadata.name).selectorValue(for: session)
        return self.markedSession == session && !self.selector.isEmpty
            && self.selector.values.allSatisfy { $0 == value }
    }
}
