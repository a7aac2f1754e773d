/// The API server's version, from `/version`.
public struct ServerVersion: Codable, Sendable, Equatable {
    /// For example `v1.20.2`.
    public var gitVersion: String
    /// The major number; `1`.
    public var major: String
    /// The minor number, on some providers with a `+` behind it.
    public var minor: String

    /// A version.
    public init(gitVersion: String, major: String, minor: String) {
        self.gitVersion = gitVersion
        self.major = major
        self.minor = minor
    }

    /// Whether the server is Kubernetes 1.`minor` or newer. What cannot be read counts as new.
    public func isAtLeast(minor wanted: Int) -> Bool {
        Int(self.minor.prefix { $0.isNumber }).map { $0 >= wanted } ?? true
    }

    /// Whether nodes send connections to pods that end when a Service has no others (KEP-1669): since 1.26.
    public var servesTerminatingEndpoints: Bool { self.isAtLeast(minor: 26) }
}
