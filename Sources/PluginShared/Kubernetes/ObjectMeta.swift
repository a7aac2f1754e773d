/// The part of an object's metadata that this project reads or writes.
public struct ObjectMeta: Codable, Sendable, Equatable {
    /// The object's name, unique among its kind in the namespace.
    public var name: String
    /// The namespace; `nil` for what has none.
    public var namespace: String?
    /// The identity that a deleted and re-created object does not share.
    public var uid: String?
    /// The version for optimistic locking; opaque.
    public var resourceVersion: String?
    /// When the API server made it, RFC 3339.
    public var creationTimestamp: String?
    /// When deletion was asked for; `nil` while it was not.
    public var deletionTimestamp: String?
    /// The labels.
    public var labels: [String: String]?
    /// The annotations.
    public var annotations: [String: String]?
    /// Objects whose deletion takes this one along.
    public var ownerReferences: [OwnerReference]?
    /// Who set which field, carried as it is.
    public var managedFields: JSONValue?

    /// Metadata for a new object.
    public init(
        name: String,
        namespace: String? = nil,
        labels: [String: String]? = nil,
        annotations: [String: String]? = nil,
        ownerReferences: [OwnerReference]? = nil
    ) {
        self.name = name
        self.namespace = namespace
        self.labels = labels
        self.annotations = annotations
        self.ownerReferences = ownerReferences
    }

    /// The owner of a kind, by its name and uid; `nil` for none.
    public func owner(_ kind: String) -> OwnerReference? { self.ownerReferences?.first { $0.kind == kind } }

    /// An annotation's value.
    public func annotation(_ name: String) -> String? { self.annotations?[name] }
}

/// An owner by uid: the garbage collector deletes the owned object when the owner is gone.
public struct OwnerReference: Codable, Sendable, Equatable {
    /// For example `v1`.
    public var apiVersion: String
    /// For example `Service`.
    public var kind: String
    /// The owner's name.
    public var name: String
    /// The owner's uid; a wrong one gets the object collected within seconds.
    public var uid: String

    /// An owner.
    public init(apiVersion: String, kind: String, name: String, uid: String) {
        self.apiVersion = apiVersion
        self.kind = kind
        self.name = name
        self.uid = uid
    }
}
