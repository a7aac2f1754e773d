public import Kubernetes

extension Service {
    /// The tunnel that the Service was switched to; `nil` for none, and for the helper Services of a tunnel.
    public var markedTunnel: SessionID? {
        guard self.metadata.labels?[Key.session] == nil else { return nil }
        return self.metadata.annotation(Key.session).flatMap(SessionID.init)
    }

    /// The Service's own selector, also while it is switched. Only for looking: what is restored, ``Restore`` decides.
    public var ownSelector: [String: String] {
        guard self.markedTunnel != nil, let text = self.metadata.annotation(Key.originalSelector),
            case .object(let members)? = JSONValue(text: text)
        else { return self.selector }
        return members.compactMapValues(\.text)
    }

    /// The Service as a tunnel's maker found it, which the origin Service keeps.
    public func found(by tunnel: SessionID, origin: Service?) -> Service {
        var found = self
        if self.metadata.annotation(Key.publishesNotReady) != nil { found.spec.publishNotReadyAddresses = nil }
        guard let origin, origin.metadata.annotation(Key.session) == tunnel.description else {
            // Not created yet, or deleted: then the Service itself has the other copy.
            found.spec.selector = self.ownSelector
            // The switch has taken the selector out of its owner's entry, which nothing knows any more.
            found.metadata.managedFields = self.metadata.managedFields.map(Restore.withoutOurs)
            return found
        }
        found.spec.selector = origin.spec.selector
        let kept = origin.spec.ports ?? []
        let others = (self.spec.ports ?? []).filter { !$0.isTCP }
        // In the order in which they stand, where they are the same: the switch compares.
        found.spec.ports =
            (self.spec.ports ?? []).filter(\.isTCP) == kept ? self.spec.ports : kept + others
        found.metadata.managedFields = origin.metadata.annotation(Key.originalManagedFields)
            .flatMap(JSONValue.init(text:))
        return found
    }

    /// The label selector by which its own pods are listed.
    public var ownPods: String {
        self.ownSelector.map { "\($0.key)=\($0.value)" }.sorted().joined(separator: ",")
    }

    /// Whether the Service carries a tunnel's mark and every key of its selector leads to that tunnel's proxy.
    public func isSwitched(to tunnel: SessionID) -> Bool {
        let value = SessionNames(service: self.metadata.name).selectorValue(for: tunnel)
        return self.markedTunnel == tunnel && !self.selector.isEmpty
            && self.selector.values.allSatisfy { $0 == value }
    }
}
