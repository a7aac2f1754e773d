public import ArgumentParser
import Names

/// The hosts that a gateway may connect to beside the cluster's own.
public struct AllowOptions: ParsableArguments {
    /// The rules, each as the user wrote it.
    @Option(
        name: .customLong("allow"),
        help: ArgumentHelp(
            "A host that only the cluster can reach: a name, *.NAME, an address or a range, with or without a port. May be given several times.",
            valueName: "host[:port]"))
    public var allowed: [String] = []

    /// As ArgumentParser wants it.
    public init() {}

    /// - Throws: `ValidationError` for what is no rule.
    public func validate() throws {
        for text in self.allowed where EgressRule(text) == nil {
            throw ValidationError("--allow \(text): expected HOST or HOST:PORT, as db.example.com:5432 or 10.1.0.0/16")
        }
    }
}
