/// A Lease (coordination.k8s.io/v1): who holds a session, and the sign of life.
public struct Lease: Codable, Sendable, Equatable {
    /// Written on create; the API server wants them in a body.
    public var apiVersion: String? = "coordination.k8s.io/v1"
    /// Written on create.
    public var kind: String? = "Lease"
    /// Name, labels, and the session's annotations.
    public var metadata: ObjectMeta
    /// Holder and times.
    public var spec: Spec

    /// The holder's claim.
    public struct Spec: Codable, Sendable, Equatable {
        /// `USER/HOST/SESSION`.
        public var holderIdentity: String?
        /// How long the holder may be silent, in seconds.
        public var leaseDurationSeconds: Int?
        /// When it was taken, by the holder's clock: for people.
        public var acquireTime: String?
        /// When it was last renewed, by the holder's clock: for people. Only its *change* means anything.
        public var renewTime: String?
        /// How often it changed hands.
        public var leaseTransitions: Int?

        /// A claim.
        public init(
            holderIdentity: String?, leaseDurationSeconds: Int?, acquireTime: String?, renewTime: String?,
            leaseTransitions: Int? = 0
        ) {
            self.holderIdentity = holderIdentity
            self.leaseDurationSeconds = leaseDurationSeconds
            self.acquireTime = acquireTime
            self.renewTime = renewTime
            self.leaseTransitions = leaseTransitions
        }
    }

    /// A Lease to create.
    public init(metadata: ObjectMeta, spec: Spec) {
        self.metadata = metadata
        self.spec = spec
    }
}
