public import Kubernetes

/// A session as its Lease describes it: what `list` shows and what a second intercept is refused with.
public struct LeaseRecord: Sendable, Equatable {
    /// The Lease's namespace.
    public var namespace: String
    /// The Service.
    public var service: String
    /// Who holds it.
    public var holder: Holder
    /// The tunnel that it has joined; its own by default.
    public var tunnel: SessionID
    /// `80:8080 9090:9090`.
    public var ports: String
    /// Which requests of them come to it; `nil` for whole connections.
    public var rule: String?
    /// Whether only copies do.
    public var isMirror: Bool
    /// What the in-cluster side last said; `nil` when it has said nothing yet.
    public var state: SessionState?
    /// What came to its laptop, as the proxy last said.
    public var traffic: SessionTraffic?
    /// When the API server created the Lease, RFC 3339.
    public var since: String?
    /// The Lease's uid.
    public var uid: String?

    /// Reads a Lease; `nil` when it is none of ours.
    public init?(_ lease: Lease) {
        guard let holder = lease.holder, let service = lease.metadata.labels?[Key.service] else {
            return nil
        }
        self.namespace = lease.metadata.namespace ?? ""
        self.service = service
        self.holder = holder
        self.tunnel = lease.tunnel ?? holder.session
        self.ports = lease.portSummary
        self.isMirror = lease.isMirror
        self.rule = lease.metadata.annotation(Key.rule)
        self.state = lease.metadata.annotation(Key.state).flatMap(SessionState.init)
        self.traffic = lease.metadata.annotation(Key.traffic).flatMap(SessionTraffic.init)
        self.since = lease.metadata.creationTimestamp
        self.uid = lease.metadata.uid
    }
}

extension Sequence<Lease> {
    /// The Leases of other sessions that count as having the tunnel: while there are any, it does not end with this one.
    public func others(than session: SessionID, in tunnel: SessionID) -> [Lease] {
        self.filter { $0.isMember(of: tunnel) && !$0.isHeld(by: session) }
    }
}

extension Lease {
    /// Who holds it; `nil` when the identity is none of a session.
    public var holder: Holder? { Holder(self.spec.holderIdentity) }

    /// The tunnel that its session has joined, or is to make; `nil` where the holder cannot be read.
    public var tunnel: SessionID? {
        self.metadata.annotation(Key.tunnel).flatMap(SessionID.init) ?? self.holder?.session
    }

    /// Whether its session wants copies only.
    public var isMirror: Bool { self.metadata.annotation(Key.mirror) != nil }

    /// The session's ports, as ``PortPlan/summary``; empty where it does not say.
    public var portSummary: String { self.metadata.annotation(Key.mirror) ?? self.metadata.annotation(Key.ports) ?? "" }

    /// Whether its session counts as one that has the tunnel: it has not expired, and does not leave.
    public func isMember(of tunnel: SessionID) -> Bool {
        self.holder != nil && self.tunnel == tunnel && !self.isOver
    }

    /// Whether its session has expired, or leaves: its ports are free.
    public var isOver: Bool { self.isExpired || self.isHandedOver || self.isLeaving }

    /// Whether its session leaves its tunnel, as far as connections let it.
    public var isLeaving: Bool { self.metadata.annotation(Key.leaving) != nil }

    /// Whether the requests that its session's rule brings say who called.
    var tellsCaller: Bool { self.metadata.annotation(Key.noForwardedHeaders) == nil }

    /// Whether it is this session's.
    public func isHeld(by session: SessionID) -> Bool { self.holder?.session == session }

    /// What stands in the place of a holder where that cannot be read; `nil` where it can. Nobody renews such a Lease as a
    /// session, and nothing of a session can be found by it.
    public var malformedHolder: String? {
        self.holder == nil ? self.spec.holderIdentity ?? "" : nil
    }

    /// Whether the in-cluster side has ended the session because nothing was heard of its holder. Nothing takes that back:
    /// a holder that is there again must not switch to that proxy.
    public var isExpired: Bool { self.metadata.annotation(Key.state) == SessionState.expired.rawValue }

    /// Whether its laptop has the proxy, or has it as far as anybody has heard.
    public var hasProxy: Bool {
        let state = self.metadata.annotation(Key.state).flatMap(SessionState.init)
        return (state == .active || state == .localDown) && self.metadata.annotation(Key.silent) == nil
    }

    /// Whether its session is over, and the proxy does the rest.
    public var isHandedOver: Bool { EndRequest(self)?.isHandOver ?? false }

    /// The patch by which the holder renews: it fails with 422 when the Lease is no longer the holder's.
    public static func renewal(holder: Holder, time: String) -> JSONPatch {
        var patch = JSONPatch()
        patch.test("/spec/holderIdentity", .string(holder.description))
        patch.replace("/spec/renewTime", .string(time))
        return patch
    }

    /// The patch that writes an annotation of a session that is still the holder's.
    public static func annotation(_ key: String, _ value: String, holder: Holder) -> JSONPatch {
        var patch = JSONPatch()
        patch.test("/spec/holderIdentity", .string(holder.description))
        patch.add(JSONPatch.annotation(key), .string(value))
        return patch
    }

    /// The patch by which its session leaves.
    public static func leave(_ holder: Holder) -> JSONPatch { Self.annotation(Key.leaving, "true", holder: holder) }

    /// The patch by which the in-cluster side says how things are.
    ///
    /// - Parameters:
    ///   - proxyKey: The public key of the proxy that has the link; `nil` for one that has none.
    ///   - formerKey: That of a proxy that had it; the patch fails with 422 when another has it by now.
    public static func stateChange(
        _ state: SessionState, holder: Holder, proxyKey: String? = nil, formerKey: String? = nil
    ) -> JSONPatch {
        var patch = Self.annotation(Key.state, state.rawValue, holder: holder)
        if let formerKey { patch.test(JSONPatch.annotation(Key.proxyKey), .string(formerKey)) }
        if let proxyKey { patch.add(JSONPatch.annotation(Key.proxyKey), .string(proxyKey)) }
        return patch
    }
}
