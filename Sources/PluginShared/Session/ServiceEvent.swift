public import Kubernetes

/// What `kubectl describe service` shows of an intercept: an Event (events.k8s.io/v1) on the Service.
public enum ServiceEvent: Sendable, Equatable {
    /// The Service was switched to this person's machine.
    case intercepted(holder: String)
    /// The Service was switched so that copies of its traffic come to this person's machine.
    case mirrored(holder: String)
    /// The Service leads to its own pods again.
    case restored(RestoreCause)
    /// A session has left the tunnel, which others have: the Service stays switched.
    case left(RestoreCause)
    /// Another client had changed the selector, which was left alone.
    case displaced

    /// The Event.
    ///
    /// - Parameters:
    ///   - service: The Service's metadata as it was read.
    ///   - time: Now, as ``MicroTime``; required since events.k8s.io/v1.
    ///   - suffix: What makes the name unique: a name ending in a dot, as generateName would make it, is not valid.
    public func object(on service: ObjectMeta, namespace: String, time: String, suffix: String) -> JSONValue {
        [
            "apiVersion": "events.k8s.io/v1", "kind": "Event",
            "metadata": ["name": .string("\(service.name).\(suffix)"), "namespace": .string(namespace)],
            "eventTime": .string(time), "type": self.isWarning ? "Warning" : "Normal",
            "reason": .string(self.reason), "action": .string(self.action), "note": .string(self.note),
            "reportingController": "kubectl-tunnel", "reportingInstance": "kubectl-tunnel",
            "regarding": [
                "apiVersion": "v1", "kind": "Service", "name": .string(service.name),
                "namespace": .string(namespace), "uid": .string(service.uid ?? ""),
            ],
        ]
    }

    private var reason: String {
        switch self {
        case .intercepted: "TunnelIntercepted"
        case .mirrored: "TunnelMirrored"
        case .restored(let cause): cause.reason
        case .left(let cause): cause.reason == "TunnelRestored" ? "TunnelLeft" : cause.reason
        case .displaced: "TunnelDisplaced"
        }
    }

    private var action: String {
        switch self {
        case .intercepted, .mirrored: "Switch"
        case .left: "Leave"
        case .restored, .displaced: "Restore"
        }
    }

    private var note: String {
        switch self {
        case .intercepted(let holder): "traffic comes to \(holder); the pods are untouched"
        case .mirrored(let holder): "copies of the traffic come to \(holder), whose answers are dropped"
        case .restored(let cause): "traffic goes to the pods again: \(cause.text)"
        case .left(let cause): "a session has left the tunnel, which others have: \(cause.text)"
        case .displaced: "another client changed the selector, and it stays so: the intercept has ended"
        }
    }

    private var isWarning: Bool {
        switch self {
        case .intercepted, .mirrored, .displaced: false
        case .restored(let cause), .left(let cause):
            switch cause {
            case .expired, .originDeleted, .proxyMissing, .proxySilent, .recovered: true
            case .ended, .stopped, .takenOver, .leaseDeleted, .proxyEnds: false
            }
        }
    }
}
