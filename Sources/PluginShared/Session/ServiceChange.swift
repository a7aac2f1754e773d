public import Kubernetes

/// What the Service as a watch shows it means for the sessions of the tunnel that it was switched to. The other side always wins.
public enum ServiceChange: Sendable, Equatable {
    /// It still leads to the proxy, and the proxy has a listener for each of its ports.
    case none
    /// It was deleted, or deleted and created again: nothing is to be restored.
    case deleted
    /// Its selector leads elsewhere, and stays so. The name is that of the last writer, as managedFields tells it.
    case reselected(by: String?)
    /// It leads to the proxy, but a port of it would find no listener there: the session has to restore it.
    case portsChanged(by: String?)
    /// Its selector is the tunnel's no longer, and neither is the mark: it was restored, or another client replaced it.
    case unmarked(by: String?)

    /// Judges a Service.
    ///
    /// - Parameters:
    ///   - service: As it is now; `nil` when it was deleted.
    ///   - prepared: As it was when the session was planned.
    public init(_ service: Service?, prepared: Service, tunnel: SessionID, plan: PortPlan) {
        guard let service, service.metadata.uid == prepared.metadata.uid else {
            self = .deleted
            return
        }
        if service.isSwitched(to: tunnel) {
            let strangers = service.otherPorts.filter { !prepared.otherPorts.contains($0) }
            let isServed = strangers.isEmpty && plan.serves(service)
            self = isServed ? .none : .portsChanged(by: service.lastWriter)
        } else if service.markedTunnel == tunnel {
            self = .reselected(by: service.lastWriter)
        } else {
            self = .unmarked(by: service.lastWriter)
        }
    }
}

extension PortPlan {
    /// Whether each TCP port of a Service leads to a listener of this plan, and the intercepted ones are still among them.
    func serves(_ service: Service) -> Bool {
        let ports = (service.spec.ports ?? []).filter(\.isTCP)
        return ports.allSatisfy { port in self.listeners.contains { $0.isTarget(of: port) } }
            && self.listeners.allSatisfy { listener in
                listener.localPort == nil || ports.contains { listener.isTarget(of: $0) }
            }
    }
}

extension PortPlan.Listener {
    /// Whether kube-proxy sends this port's traffic here.
    func isTarget(of port: Service.Port) -> Bool {
        switch port.targetPort ?? .int(port.port) {
        case .int(let number): self.portName == nil && self.listenPort == number
        case .string(let name): self.portName == name
        }
    }
}

extension Service {
    /// The ports that are not TCP: they are not served meanwhile.
    var otherPorts: [Service.Port] { (self.spec.ports ?? []).filter { !$0.isTCP } }

    /// The managers that have left an entry in managedFields.
    var writers: Set<String> {
        guard case .array(let entries)? = self.metadata.managedFields else { return [] }
        return Set(entries.compactMap { $0["manager"]?.text })
    }

    /// The manager of the newest entry of managedFields that is not this project's; `nil` when there is none.
    var lastWriter: String? {
        guard case .array(let entries)? = self.metadata.managedFields else { return nil }
        let others = entries.filter { $0["manager"]?.text != KubernetesClient.fieldManager }
        return others.max { ($0["time"]?.text ?? "") < ($1["time"]?.text ?? "") }?["manager"]?.text
    }
}
