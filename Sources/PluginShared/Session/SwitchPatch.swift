public import Kubernetes

/// Pointing a Service at its proxy: the same selector keys with new values.
///
/// The same keys, because a later `kubectl apply` by any client merges maps key by key: it then wins cleanly. A key of our
/// own would stay behind beside the applied ones, and the Service would select nothing (seen on 1.36).
public enum SwitchPatch {
    /// The patch from the Service as it was just read; it fails with 409 or 422 when the Service is no longer so.
    ///
    /// - Parameter publishNotReady: Whether a proxy pod that is being deleted must keep its traffic until the Service
    ///   is restored. Kubernetes does so by itself since 1.26 (KEP-1669); before, it takes `publishNotReadyAddresses`.
    public static func make(
        _ service: Service, tunnel: SessionID, names: SessionNames, publishNotReady: Bool
    ) -> JSONPatch {
        var patch = JSONPatch()
        patch.test("/metadata/uid", .string(service.metadata.uid ?? ""))
        patch.guardVersion(service.metadata)
        patch.test("/spec/selector", JSONValue(service.selector))
        let selector = service.selector.mapValues { _ in names.selectorValue(for: tunnel) }
        patch.replace("/spec/selector", JSONValue(selector))
        if service.metadata.annotations == nil { patch.add("/metadata/annotations", [:]) }
        patch.add(JSONPatch.annotation(Key.session), .string(tunnel.description))
        patch.add(JSONPatch.annotation(Key.originalSelector), .string(JSONValue(service.selector).canonicalText))
        if publishNotReady, service.spec.publishNotReadyAddresses != true { patch.addPublishNotReady() }
        return patch
    }

    /// The patch that makes a switched Service keep a proxy pod that is being deleted; `nil` when there is nothing to do.
    public static func keepEndingPods(_ service: Service, tunnel: SessionID) -> JSONPatch? {
        guard service.metadata.annotation(Key.session) == tunnel.description,
            service.spec.publishNotReadyAddresses != true
        else { return nil }
        var patch = JSONPatch()
        patch.test("/metadata/uid", .string(service.metadata.uid ?? ""))
        patch.guardVersion(service.metadata)
        patch.test(JSONPatch.annotation(Key.session), .string(tunnel.description))
        patch.addPublishNotReady()
        return patch
    }
}

extension JSONPatch {
    fileprivate mutating func addPublishNotReady() {
        self.add(JSONPatch.annotation(Key.publishesNotReady), "true")
        self.add("/spec/publishNotReadyAddresses", true)
    }
}
