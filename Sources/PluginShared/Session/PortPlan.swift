public import Kubernetes

/// Which port of the Service ends where: on the laptop or at the original pods.
public struct PortPlan: Sendable, Equatable {
    /// One listener of the proxy.
    public struct Listener: Sendable, Equatable, Codable {
        /// The number that the proxy listens on in its pod.
        public var listenPort: Int
        /// The target port's name, which the container port has to carry; `nil` for a numeric target port.
        public var portName: String?
        /// The Service's port whose traffic comes here; of several with one target port, the first.
        public var servicePort: Int
        /// The laptop's port; `nil` when this port is not intercepted.
        public var localPort: Int?
        /// Further ports of the Service with the same target port, which cannot be told apart from the first.
        public var sharingPorts: [Int]?

        /// All ports of the Service whose traffic comes here.
        public var servicePorts: [Int] { [self.servicePort] + (self.sharingPorts ?? []) }

        /// What the tunnel calls it.
        public func route(of service: String) -> String { "\(service):\(self.servicePort)" }
    }

    /// The listeners, in the order of the Service's ports.
    public var listeners: [Listener] = []
    /// What the user should know.
    public var notes: [String] = []
    /// The port of the tunnel, on the pod's loopback.
    public var tunnelPort = 0
    /// The port of the proxy's metrics.
    public var metricsPort = 0

    /// Where metrics are, if a port of the Service does not take it: OpenTelemetry's default for Prometheus.
    public static let usualMetricsPort = 9464

    /// Whether a listener needs `net.ipv4.ip_unprivileged_port_start`.
    public var needsLowPorts: Bool { self.listeners.contains { $0.listenPort < 1024 } }
    /// Each port of the Service that comes to the laptop, and where: also those that only share a target port with one.
    public var intercepted: [(servicePort: Int, localPort: Int)] {
        self.listeners.flatMap { listener in
            listener.localPort.map { local in listener.servicePorts.map { ($0, local) } } ?? []
        }
    }
    /// As in the Lease and in `list`: `80:8080 9090:9090`.
    public var summary: String {
        self.intercepted.map { "\($0.servicePort):\($0.localPort)" }.joined(separator: " ")
    }

    /// Matches what was asked for with what the Service has.
    ///
    /// - Parameters:
    ///   - allowLowPorts: Whether the pod may listen below 1024 (safe since kubelet 1.22, else by `--force`).
    /// - Throws: ``Refusal`` with the Service's ports in the hint.
    public init(_ service: Service, _ requests: [PortRequest], allowLowPorts: Bool) throws(Refusal) {
        let name = "service/\(service.metadata.name)"
        let ports = (service.spec.ports ?? []).filter(\.isTCP)
        let localPorts = try Self.localPorts(of: service, requests)
        // The API server sees to it; a number beyond would trap where a socket takes it.
        if let port = ports.first(where: { !Self.numbers.contains($0.port) || $0.hasImpossibleTarget }) {
            throw Refusal("\(name) port \(port.label) is no TCP port", hint: "ports are 1 to 65535")
        }

        var taken = Set(ports.compactMap { $0.listenPortIfNumeric })
        for port in ports {
            let local = localPorts[port.port]
            if let index = self.listeners.firstIndex(where: { $0.isTarget(of: port) }) {
                try self.share(index, with: port, local: local, of: name)
                continue
            }
            switch port.targetPort ?? .int(port.port) {
            case .int(let number):
                if number < 1024, !allowLowPorts {
                    throw Refusal(
                        "\(name) port \(port.label) has target port \(number): kubelets before 1.22 forbid ports below 1024",
                        hint: "use --force if this cluster's kubelets allow net.ipv4.ip_unprivileged_port_start",
                        yieldsToForce: true)
                }
                self.listeners.append(
                    Listener(listenPort: number, portName: nil, servicePort: port.port, localPort: local))
            case .string(let portName):
                let number = Self.freePort(from: port.port >= 1024 ? port.port : 20_000, taken: &taken)
                self.listeners.append(
                    Listener(listenPort: number, portName: portName, servicePort: port.port, localPort: local))
            }
        }
        self.tunnelPort = Self.freePort(from: 31_998, taken: &taken)
        self.metricsPort = Self.freePort(from: Self.usualMetricsPort, taken: &taken)
        for listener in self.listeners where listener.localPort != nil && listener.servicePorts.count > 1 {
            let asked = listener.servicePorts.filter { localPorts[$0] != nil }
            guard asked.count < listener.servicePorts.count else { continue }
            let list = listener.servicePorts.map(String.init)
            self.notes.append(
                "ports \(list.dropLast().joined(separator: ", ")) and \(list.last ?? "") have one target port: "
                    + (list.count == 2 ? "both come to the laptop" : "all come to the laptop"))
        }
    }

    /// Two Service ports with one target port cannot be told apart: they share a listener.
    private mutating func share(
        _ index: Int, with port: Service.Port, local: Int?, of name: String
    ) throws(Refusal) {
        let first = self.listeners[index]
        if let one = first.localPort, let other = local, one != other {
            throw Refusal(
                "\(name) ports \(first.servicePort) and \(port.port) have one target port and cannot be told apart",
                hint: "send both to one local port, or name only one of them")
        }
        self.listeners[index].localPort = first.localPort ?? local
        self.listeners[index].sharingPorts = (first.sharingPorts ?? []) + [port.port]
    }

    /// The local port of each Service port that was asked for.
    private static func localPorts(
        of service: Service, _ requests: [PortRequest]
    ) throws(Refusal) -> [Int: Int] {
        let name = "service/\(service.metadata.name)"
        let ports = service.spec.ports ?? []
        let list = "its ports are " + ports.map(\.label).joined(separator: ", ")
        var result: [Int: Int] = [:]
        for request in requests {
            let port: Service.Port
            if let remote = request.remote {
                guard let match = ports.first(where: { $0.name == remote || "\($0.port)" == remote }) else {
                    throw Refusal("\(name) has no port \(remote)", hint: list)
                }
                port = match
            } else {
                guard ports.count == 1, let only = ports.first else {
                    throw Refusal(
                        "\(name) has \(ports.count) ports: say which one goes to \(request.local)",
                        hint:
                            "\(list): --port \(request.local):\(ports.first.map { $0.name ?? "\($0.port)" } ?? "PORT")")
                }
                port = only
            }
            guard port.isTCP else {
                throw Refusal(
                    "\(name) port \(port.label) is \(port.protocol ?? "UDP")", hint: "only TCP can be intercepted")
            }
            if let other = result[port.port], other != request.local {
                throw Refusal(
                    "\(name) port \(port.label) was given two local ports, \(other) and \(request.local)",
                    hint: "give each port of the Service once")
            }
            result[port.port] = request.local
        }
        return result
    }

    /// The numbers that a TCP port can have.
    static let numbers = 1...65_535

    private static func freePort(from start: Int, taken: inout Set<Int>) -> Int {
        var port = start
        while !taken.insert(port).inserted { port = port >= 65_535 ? 1024 : port + 1 }
        return port
    }
}

extension Service.Port {
    fileprivate var hasImpossibleTarget: Bool {
        guard case .int(let number)? = self.targetPort else { return false }
        return !PortPlan.numbers.contains(number)
    }

    fileprivate var listenPortIfNumeric: Int? {
        guard case .int(let number) = self.targetPort ?? .int(self.port) else { return nil }
        return number
    }
}
