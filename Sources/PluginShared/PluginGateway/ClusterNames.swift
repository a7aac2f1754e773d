/// What the gateway says of the cluster's names.
public struct ClusterNames: Sendable, Hashable, Codable {
    /// The zone, without a dot at the end: `cluster.local`.
    public var zone: String
    /// The suffixes that are tried for short names, in order, the namespace's first; without dots at the end.
    public var search: [String]
    /// How many dots a name needs to be tried as it is first.
    public var minimumDots: Int

    /// The names.
    public init(zone: String, search: [String], minimumDots: Int) {
        self.zone = Self.undotted(zone)
        self.search = search.map(Self.undotted)
        self.minimumDots = minimumDots
    }

    private static func undotted(_ name: String) -> String { name.hasSuffix(".") ? String(name.dropLast()) : name }
}
