/// An EndpointSlice (discovery.k8s.io/v1, or v1beta1 before 1.21): who answers for a Service.
public struct EndpointSlice: Codable, Sendable, Equatable {
    /// Name, and the label `kubernetes.io/service-name`.
    public var metadata: ObjectMeta
    /// The addresses; `nil` reads as none.
    public var endpoints: [Endpoint]?
    /// The ports that all of them serve; `nil` reads as none.
    public var ports: [Port]?

    /// One port.
    public struct Port: Codable, Sendable, Equatable {
        /// The name that it has on the Service.
        public var name: String?
        /// The number; `nil` for all of them.
        public var port: Int?
    }

    /// One pod.
    public struct Endpoint: Codable, Sendable, Equatable {
        /// Its addresses.
        public var addresses: [String]
        /// Whether it gets traffic.
        public var conditions: Conditions?
        /// The pod.
        public var targetRef: TargetReference?

        /// Readiness as the endpoint controller sees it.
        public struct Conditions: Codable, Sendable, Equatable {
            /// `nil` reads as ready.
            public var ready: Bool?
        }

        /// Whether it gets traffic.
        public var isReady: Bool { self.conditions?.ready ?? true }
    }

    /// The object behind an endpoint.
    public struct TargetReference: Codable, Sendable, Equatable {
        /// For example `Pod`.
        public var kind: String?
        /// The pod's name.
        public var name: String?
    }
}
