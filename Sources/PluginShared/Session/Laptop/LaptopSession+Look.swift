public import Kubernetes

extension LaptopSession {
    /// What a look for the proxy shows.
    public enum Look: Sendable, Equatable {
        /// A pod is Ready.
        case ready(pod: String)
        /// None is; and whether no other one is on its way out.
        case notReady(isAlone: Bool)
    }

    /// What is gone.
    public enum Loss: Sendable, Equatable {
        /// An object, by kind and name.
        case object(String)
        /// The Lease, with the reason.
        case lease(String)
    }

    /// A Service as it was just read.
    public enum ServiceLook: Sendable {
        /// `nil`: it is gone.
        case read(Service?)
        /// The API server did not say.
        case unknown
    }

    /// Service and Lease as they were just read.
    public struct ServiceRead: Sendable {
        /// What ``Order/readService(writes:)`` said.
        public var writes: Int
        /// The Service.
        public var service: ServiceLook
        /// The Lease; `nil` also when it was not to be had.
        public var lease: Lease?
        /// Whether other sessions have the tunnel.
        public var isShared: Bool

        /// What was read.
        public init(writes: Int, service: ServiceLook, lease: Lease?, isShared: Bool) {
            self.writes = writes
            self.service = service
            self.lease = lease
            self.isShared = isShared
        }
    }
}
