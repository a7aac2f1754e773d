/// A HorizontalPodAutoscaler (autoscaling/v1), as far as this project reads it.
public struct HorizontalPodAutoscaler: Codable, Sendable, Equatable {
    /// Its name.
    public var metadata: ObjectMeta
    /// What it scales.
    public var spec: Spec

    /// What it scales.
    public struct Spec: Codable, Sendable, Equatable {
        /// The workload.
        public var scaleTargetRef: Target
    }

    /// A workload of its namespace.
    public struct Target: Codable, Sendable, Equatable {
        /// For example `Deployment`.
        public var kind: String
        /// Its name.
        public var name: String
    }

    /// The workload, as ``Pod/scalableOwners`` has it.
    public var target: String { "\(self.spec.scaleTargetRef.kind)/\(self.spec.scaleTargetRef.name)" }
}

extension ResourceType where Object == HorizontalPodAutoscaler {
    /// HorizontalPodAutoscalers; v1 is served by every version.
    public static var horizontalPodAutoscalers: Self {
        Self(prefix: "/apis/autoscaling/v1", plural: "horizontalpodautoscalers")
    }
}

extension Pod {
    /// The workloads that it belongs to and that can be scaled: `Deployment/web`, `StatefulSet/db`.
    ///
    /// The name of a Deployment's ReplicaSet ends with the hash that its pods have as a label.
    public var scalableOwners: [String] {
        let hash = self.metadata.labels?["pod-template-hash"].map { "-\($0)" }
        return (self.metadata.ownerReferences ?? []).flatMap { owner in
            guard owner.kind == "ReplicaSet", let hash, owner.name.hasSuffix(hash) else {
                return ["\(owner.kind)/\(owner.name)"]
            }
            return ["\(owner.kind)/\(owner.name)", "Deployment/\(owner.name.dropLast(hash.count))"]
        }
    }
}
