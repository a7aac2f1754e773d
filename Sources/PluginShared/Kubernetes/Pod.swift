/// A Pod (core/v1), as far as this project reads it.
public struct Pod: Codable, Sendable, Equatable {
    /// Name, labels and deletion time.
    public var metadata: ObjectMeta
    /// What it runs.
    public var spec: Spec?
    /// What the kubelet says of it.
    public var status: Status?

    /// The containers.
    public struct Spec: Codable, Sendable, Equatable {
        /// Those that serve.
        public var containers: [Container]
        /// Those that run before, or, as native sidecars, beside them.
        public var initContainers: [Container]?
        /// The account that it runs with.
        public var serviceAccountName: String?
        /// The Secrets with registries' credentials.
        public var imagePullSecrets: [SecretName]?
    }

    /// A Secret by its name.
    public struct SecretName: Codable, Sendable, Equatable {
        /// Its name.
        public var name: String?
    }

    /// One container.
    public struct Container: Codable, Sendable, Equatable {
        /// Its name.
        public var name: String
    }

    /// The observed state.
    public struct Status: Codable, Sendable, Equatable {
        /// `Pending`, `Running`, `Succeeded` or `Failed`.
        public var phase: String?
        /// Why, in one word: `SysctlForbidden`, `Evicted`.
        public var reason: String?
        /// Why, in a sentence.
        public var message: String?
        /// `Ready`, `PodScheduled` and others.
        public var conditions: [Condition]?
        /// One for each container that was started or tried.
        public var containerStatuses: [ContainerStatus]?
        /// The pod's address.
        public var podIP: String?
    }

    /// What the kubelet says of one container.
    public struct ContainerStatus: Codable, Sendable, Equatable {
        /// How often it was restarted.
        public var restartCount: Int?
        /// Where it is now.
        public var state: State?

        /// Only the waiting state is of interest: there the trouble shows.
        public struct State: Codable, Sendable, Equatable {
            /// Why it does not run yet.
            public var waiting: Waiting?
        }
        /// Reason and text.
        public struct Waiting: Codable, Sendable, Equatable {
            /// For example `ErrImagePull`.
            public var reason: String?
            /// The whole story.
            public var message: String?
        }
    }

    /// Whether the pod is Ready and not on its way out.
    public var isReady: Bool { self.metadata.deletionTimestamp == nil && self.serves }

    /// Whether the pod answers, as far as its kubelet has said; one on its way out does so until its processes end.
    public var serves: Bool {
        self.status?.conditions?.contains { $0.type == "Ready" && $0.status == "True" } == true
    }
}

/// A condition, as pods and Deployments have them.
public struct Condition: Codable, Sendable, Equatable {
    /// For example `Ready` or `ReplicaFailure`.
    public var type: String
    /// `True`, `False` or `Unknown`.
    public var status: String
    /// Why, in one word.
    public var reason: String?
    /// Why, in a sentence: the API server's own.
    public var message: String?
}

/// A Deployment (apps/v1), as far as this project reads it.
public struct Deployment: Codable, Sendable, Equatable {
    /// Name, uid and session annotation.
    public var metadata: ObjectMeta
    /// What its controller says.
    public var status: Status?

    /// The observed state.
    public struct Status: Codable, Sendable, Equatable {
        /// `ReplicaFailure` carries the reason why no pod could be made.
        public var conditions: [Condition]?
    }
}

/// Any object of which only the metadata matters.
public struct PartialObject: Codable, Sendable, Equatable {
    /// Its metadata.
    public var metadata: ObjectMeta
}
