/// A kubectl's version, as it says it itself: `v1.32.4`.
public struct KubectlVersion: Sendable, Equatable, CustomStringConvertible {
    /// As kubectl says it.
    public let description: String
    /// The minor version of 1.N; `nil` where it cannot be told, as for a build of one's own.
    public let minor: Int?

    /// The oldest kubectl that sessions were run with.
    public static let oldestMinor = 24

    /// Reads a version.
    public init(_ text: String) {
        self.description = text
        let parts = text.split(separator: ".")
        self.minor = parts.count > 2 && parts[0] == "v1" ? Int(parts[1]) : nil
    }

    /// Why it is not used; `nil` when it is, also where its version is not known.
    public var refusal: Refusal? {
        guard let minor, minor < Self.oldestMinor else { return nil }
        return Refusal(
            "kubectl \(self.description) is too old", hint: "install kubectl 1.\(Self.oldestMinor) or newer")
    }
}
