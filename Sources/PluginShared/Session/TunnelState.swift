public import Kubernetes

/// Whether a Service has a tunnel that a session can join, as its origin Service says.
public enum TunnelState: Sendable, Equatable {
    /// It has none.
    case none
    /// This one, whose objects speak this version; `nil` for one that takes no other session.
    case living(SessionID, version: String?)
    /// This one, which this session ends.
    case ending(SessionID, by: String)

    /// Reads the origin Service; `nil` while there is none.
    public init(origin: Service?) {
        guard let metadata = origin?.metadata, metadata.deletionTimestamp == nil,
            let tunnel = metadata.annotation(Key.session).flatMap(SessionID.init)
        else {
            self = .none
            return
        }
        if let session = metadata.annotation(Key.endedBy) {
            self = .ending(tunnel, by: session)
        } else {
            self = .living(tunnel, version: metadata.annotation(Key.version))
        }
    }

    /// The patch of the origin Service by which nobody joins the tunnel any more; it fails with 409 or 422 when the Service is
    /// not the one that was read.
    public static func end(_ origin: Service, tunnel: SessionID, by session: SessionID) -> JSONPatch {
        var patch = Self.guarded(origin, tunnel: tunnel)
        patch.add(JSONPatch.annotation(Key.endedBy), .string(session.description))
        return patch
    }

    /// The patch that takes that back; it fails with 422 when another session has ended the tunnel.
    public static func takeBack(_ origin: Service, tunnel: SessionID, by session: String) -> JSONPatch {
        var patch = Self.guarded(origin, tunnel: tunnel)
        patch.test(JSONPatch.annotation(Key.endedBy), .string(session))
        patch.remove(JSONPatch.annotation(Key.endedBy))
        return patch
    }

    private static func guarded(_ origin: Service, tunnel: SessionID) -> JSONPatch {
        var patch = JSONPatch()
        patch.test("/metadata/uid", .string(origin.metadata.uid ?? ""))
        patch.test(JSONPatch.annotation(Key.session), .string(tunnel.description))
        return patch
    }
}
