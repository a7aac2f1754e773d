/// A NetworkPolicy (networking.k8s.io/v1), as far as this project reads it.
public struct NetworkPolicy: Codable, Sendable, Equatable {
    /// Its name.
    public var metadata: ObjectMeta
    /// What it allows.
    public var spec: Spec

    /// The rules.
    public struct Spec: Codable, Sendable, Equatable {
        /// The pods it is about; empty for all of the namespace.
        public var podSelector: LabelSelector
        /// `Ingress`, `Egress`; `nil` reads as `Ingress`.
        public var policyTypes: [String]?
        /// Who may come in, each rule as it is; an empty one admits all.
        public var ingress: [JSONValue]?
        /// Where they may go, each rule as it is; an empty one lets them go everywhere.
        public var egress: [JSONValue]?

        /// Rules.
        public init(
            podSelector: LabelSelector, policyTypes: [String]?, ingress: [JSONValue]?, egress: [JSONValue]? = nil
        ) {
            self.podSelector = podSelector
            self.policyTypes = policyTypes
            self.ingress = ingress
            self.egress = egress
        }
    }

    /// A policy.
    public init(metadata: ObjectMeta, spec: Spec) {
        self.metadata = metadata
        self.spec = spec
    }

    /// Whether the pods it is about get only what some policy allows.
    public var isolatesIngress: Bool { self.spec.policyTypes?.contains("Ingress") ?? true }
    /// Whether the pods it is about may go only where some policy allows.
    public var isolatesEgress: Bool { self.spec.policyTypes?.contains("Egress") ?? (self.spec.egress != nil) }
}

/// A selector over labels, as NetworkPolicies and Deployments have it.
public struct LabelSelector: Codable, Sendable, Equatable {
    /// Labels that must be there with these values.
    public var matchLabels: [String: String]?
    /// Further conditions.
    public var matchExpressions: [Requirement]?

    /// A selector.
    public init(matchLabels: [String: String]?, matchExpressions: [Requirement]?) {
        self.matchLabels = matchLabels
        self.matchExpressions = matchExpressions
    }

    /// One condition.
    public struct Requirement: Codable, Sendable, Equatable {
        /// The label.
        public var key: String
        /// `In`, `NotIn`, `Exists` or `DoesNotExist`.
        public var `operator`: String
        /// The values for the first two.
        public var values: [String]?
    }

    /// A selector as it stands in an object that is carried as it is; `nil` when it is none.
    public init?(_ value: JSONValue) {
        guard let bytes = try? JSONCoding.encode(value), let selector = try? JSONCoding.decode(Self.self, from: bytes)
        else { return nil }
        self = selector
    }

    /// Whether these labels are selected; an empty selector selects everything.
    public func matches(_ labels: [String: String]) -> Bool {
        let haveLabels = (self.matchLabels ?? [:]).allSatisfy { labels[$0.key] == $0.value }
        return haveLabels
            && (self.matchExpressions ?? []).allSatisfy { requirement in
                let value = labels[requirement.key]
                return switch requirement.operator {
                case "In": value.map { requirement.values?.contains($0) == true } ?? false
                case "NotIn": value.map { requirement.values?.contains($0) != true } ?? true
                case "Exists": value != nil
                case "DoesNotExist": value == nil
                default: false
                }
            }
    }
}
