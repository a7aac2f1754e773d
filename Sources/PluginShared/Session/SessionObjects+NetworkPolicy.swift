public import Kubernetes

extension SessionObjects {
    /// Lets callers reach the proxy, and the proxy what it has to reach, for `--network-policy`; nothing else. A user who may make
    /// pods can give one the session's label, and would have whatever this allows.
    ///
    /// The tunnel needs no rule: its port is on the pod's loopback.
    ///
    /// - Parameter servers: Where the API server is, behind its Service: policies are about addresses after translation.
    ///   Empty where the user may not see it; then its usual ports are open, to any address.
    public func networkPolicy(servers: [EndpointSlice] = []) -> JSONValue {
        let ports = self.plan.listeners.map(\.listenPort) + [self.plan.metricsPort]
        return self.object(
            "networking.k8s.io/v1", "NetworkPolicy", named: self.names.networkPolicy, component: "network-policy",
            with: [
                "spec": [
                    "podSelector": ["matchLabels": [Key.session: .string(self.tunnel.description)]],
                    "policyTypes": ["Ingress", "Egress"],
                    "ingress": [["ports": .array(ports.map { Self.port("TCP", .int($0)) })]],
                    "egress": .array([self.wayToOriginals, Self.wayToNames] + self.waysToServers(servers)),
                ]
            ])
    }

    private var wayToOriginals: JSONValue {
        let targets = (self.service.spec.ports ?? []).filter(\.isTCP).map { $0.targetPort ?? .int($0.port) }
        let ports = targets.reduce(into: [JSONValue]()) { ports, target in
            let port = Self.port("TCP", target)
            if !ports.contains(port) { ports.append(port) }
        }
        return [
            "to": [["podSelector": ["matchLabels": JSONValue(self.service.selector)]]], "ports": .array(ports),
        ]
    }

    private static let wayToNames: JSONValue = ["ports": [Self.port("UDP", .int(53)), Self.port("TCP", .int(53))]]

    /// Where API servers listen that nothing is known of: 443 with most providers, 6443 with kubeadm.
    private static let usualServerPorts = [443, 6443]

    private func waysToServers(_ slices: [EndpointSlice]) -> [JSONValue] {
        let known = slices.compactMap { slice -> JSONValue? in
            let blocks = (slice.endpoints ?? []).flatMap(\.addresses).map { address -> JSONValue in
                ["ipBlock": ["cidr": .string(address + (address.contains(":") ? "/128" : "/32"))]]
            }
            let ports = (slice.ports ?? []).compactMap(\.port).map { Self.port("TCP", .int($0)) }
            return blocks.isEmpty || ports.isEmpty ? nil : ["to": .array(blocks), "ports": .array(ports)]
        }
        return known.isEmpty ? [["ports": .array(Self.usualServerPorts.map { Self.port("TCP", .int($0)) })]] : known
    }

    private static func port(_ kind: JSONValue, _ port: IntOrString) -> JSONValue {
        switch port {
        case .int(let number): ["protocol": kind, "port": .integer(Int64(number))]
        case .string(let name): ["protocol": kind, "port": .string(name)]
        }
    }
}
