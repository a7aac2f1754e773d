/// A Service (core/v1), as far as this project reads it.
public struct Service: Codable, Sendable, Equatable {
    /// Name, uid, annotations and managed fields.
    public var metadata: ObjectMeta
    /// What it selects and serves.
    public var spec: Spec

    /// A Service.
    public init(metadata: ObjectMeta, spec: Spec) {
        self.metadata = metadata
        self.spec = spec
    }

    /// The wanted state.
    public struct Spec: Codable, Sendable, Equatable {
        /// `ClusterIP`, `NodePort`, `LoadBalancer` or `ExternalName`; `nil` reads as `ClusterIP`.
        public var type: String?
        /// The labels of the pods that answer; `nil` or empty when its endpoints are managed by hand.
        public var selector: [String: String]?
        /// The ports.
        public var ports: [Port]?
        /// The virtual address, or `None` for a headless Service.
        public var clusterIP: String?
        /// One address for each IP family (1.20 with dual stack, else 1.21 and later).
        public var clusterIPs: [String]?
        /// `None` or `ClientIP`.
        public var sessionAffinity: String?
        /// Whether pods that are not ready get traffic too.
        public var publishNotReadyAddresses: Bool?
        /// `Cluster` or `Local`.
        public var externalTrafficPolicy: String?
        /// `Cluster` or `Local` (1.21 and later).
        public var internalTrafficPolicy: String?

        /// A spec of these fields; the others have their defaults.
        public init(selector: [String: String]?, ports: [Port]?, clusterIP: String? = nil) {
            self.selector = selector
            self.ports = ports
            self.clusterIP = clusterIP
        }
    }

    /// One port.
    public struct Port: Codable, Sendable, Equatable {
        /// Its name; required when there are several.
        public var name: String?
        /// `TCP`, `UDP` or `SCTP`; `nil` reads as `TCP`.
        public var `protocol`: String?
        /// The number on the Service.
        public var port: Int
        /// The number or name on the pod; `nil` reads as `port`.
        public var targetPort: IntOrString?
        /// What its owner says that it speaks, as `http` or `kubernetes.io/h2c`; `nil` for nothing.
        public var appProtocol: String?

        /// A port.
        public init(name: String?, protocol: String?, port: Int, targetPort: IntOrString?) {
            self.name = name
            self.protocol = `protocol`
            self.port = port
            self.targetPort = targetPort
        }

        /// Whether it carries TCP.
        public var isTCP: Bool { (self.protocol ?? "TCP") == "TCP" }
        /// `http (80)` or `80`, as people say it.
        public var label: String { self.name.map { "\($0) (\(self.port))" } ?? "\(self.port)" }
    }

    /// Whether it has no virtual address, so that clients connect to pods by themselves.
    public var isHeadless: Bool { self.spec.clusterIP == "None" }
    /// The selector; empty when there is none.
    public var selector: [String: String] { self.spec.selector ?? [:] }
}

/// A number or a name, as a target port is.
public enum IntOrString: Codable, Sendable, Hashable, CustomStringConvertible {
    case int(Int)
    case string(String)

    /// Reads either.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let number = try? container.decode(Int.self) {
            self = .int(number)
        } else {
            self = .string(try container.decode(String.self))
        }
    }

    /// Writes it as it was read.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .int(let number): try container.encode(number)
        case .string(let name): try container.encode(name)
        }
    }

    /// The number or the name.
    public var description: String {
        switch self {
        case .int(let number): "\(number)"
        case .string(let name): name
        }
    }
}
