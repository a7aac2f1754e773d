public import Kubernetes

/// The one place that decides whether and how a Service goes back: plugin, proxy and controller call it.
public enum Restore {
    /// What to do with a Service.
    public enum Decision: Sendable, Equatable {
        /// It points at the tunnel's proxy: apply this patch.
        case restore(JSONPatch)
        /// Another client has changed the selector, and that stays; only our annotations are removed.
        case clearMarks(JSONPatch)
        /// It carries nothing of the tunnel.
        case nothing
        /// The two copies of the original selector differ: a person has to say which is right.
        case selectorConflict(annotation: String, origin: String)
    }

    /// Decides from the Service as it was just read.
    ///
    /// - Parameters:
    ///   - tunnel: The tunnel to whose proxy it leads.
    ///   - origin: The origin Service, the second copy of the selector; `nil` when it is gone.
    ///   - chosen: The selector that a person says is right, where the copies differ.
    public static func decide(
        _ service: Service, tunnel: SessionID, origin: Service?, chosen: [String: String]? = nil
    ) -> Decision {
        guard service.markedTunnel == tunnel else { return .nothing }
        let isOurs = service.isSwitched(to: tunnel)

        var patch = JSONPatch()
        patch.test("/metadata/uid", .string(service.metadata.uid ?? ""))
        patch.guardVersion(service.metadata)
        patch.test(JSONPatch.annotation(Key.session), .string(tunnel.description))
        patch.test("/spec/selector", JSONValue(service.selector))
        if isOurs {
            let saved = service.metadata.annotation(Key.originalSelector)
            // Another tunnel's origin Service says nothing about this one.
            let inOrigin = origin.flatMap { origin in
                origin.metadata.annotation(Key.session) == tunnel.description
                    ? JSONValue(origin.selector).canonicalText : nil
            }
            let choice = chosen.map { JSONValue($0).canonicalText }
            if choice == nil, let saved, let inOrigin, saved != inOrigin {
                return .selectorConflict(annotation: saved, origin: inOrigin)
            }
            guard let text = choice ?? saved ?? inOrigin, let original = JSONValue(text: text), case .object = original
            else {
                return .selectorConflict(annotation: saved ?? "", origin: inOrigin ?? "")
            }
            patch.replace("/spec/selector", original)
        }
        patch.remove(JSONPatch.annotation(Key.session))
        if service.metadata.annotation(Key.originalSelector) != nil {
            patch.remove(JSONPatch.annotation(Key.originalSelector))
        }
        if service.metadata.annotation(Key.publishesNotReady) != nil {
            patch.remove(JSONPatch.annotation(Key.publishesNotReady))
            if service.spec.publishNotReadyAddresses == true { patch.remove("/spec/publishNotReadyAddresses") }
        }
        return isOurs ? .restore(patch) : .clearMarks(patch)
    }

    /// The second patch: managedFields as they were, if no other client's entry has changed meanwhile; otherwise only our
    /// entry goes. `nil` when nothing is to be done.
    ///
    /// Without it the next `kubectl apply --server-side` by the Service's owner would conflict with "kubectl-tunnel".
    public static func managedFields(of service: Service, saved: JSONValue?) -> JSONPatch? {
        guard case .array(let present)? = service.metadata.managedFields else { return nil }
        guard present.contains(where: Self.isOurs) else { return nil }
        let others = present.filter { !Self.isOurs($0) }
        var wanted = others
        if case .array(let before)? = saved {
            let present = Set(others.map(Self.writer(of:)))
            let gone = before.filter { !present.contains(Self.writer(of: $0)) }
            let isUntouched = present.isSubset(of: before.map(Self.writer(of:)))
            if isUntouched, gone.allSatisfy(Self.hasOnlyTheSelector) { wanted = before }
        }
        var patch = JSONPatch()
        patch.test("/metadata/uid", .string(service.metadata.uid ?? ""))
        patch.guardVersion(service.metadata)
        patch.replace("/metadata/managedFields", .array(wanted))
        return patch
    }

    /// managedFields without our entry.
    static func withoutOurs(_ fields: JSONValue) -> JSONValue {
        guard case .array(let entries) = fields else { return fields }
        return .array(entries.filter { !Self.isOurs($0) })
    }

    /// Who has written a Service besides this project, and when.
    static func writers(of service: Service) -> Set<JSONValue> {
        guard case .array(let entries)? = service.metadata.managedFields else { return [] }
        return Set(entries.filter { !self.isOurs($0) }.map(self.writer(of:)))
    }

    /// Who wrote an entry, and when. Which fields it lists is left out: the switch itself takes `f:selector` from the
    /// entry of a server-side apply.
    private static func writer(of entry: JSONValue) -> JSONValue {
        guard case .object(var members) = entry else { return entry }
        members["fieldsV1"] = nil
        return .object(members)
    }

    /// Whether an entry lists nothing but the selector: the switch takes all of it then, and the entry goes.
    private static func hasOnlyTheSelector(_ entry: JSONValue) -> Bool {
        guard case .object(let fields)? = entry["fieldsV1"], fields.keys.elementsEqual(["f:spec"]),
            case .object(let spec)? = fields["f:spec"]
        else { return false }
        return spec.keys.elementsEqual(["f:selector"])
    }

    private static func isOurs(_ entry: JSONValue) -> Bool {
        entry["manager"]?.text == KubernetesClient.fieldManager
    }
}
