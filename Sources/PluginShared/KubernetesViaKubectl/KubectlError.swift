/// What went wrong with a kubectl child.
public struct KubectlError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The kind of failure; decisions look at this, never at the text.
    public enum Code: Sendable, Equatable {
        /// There is no kubectl to run.
        case notFound
        /// kubectl ended with this status.
        case failed(status: Int32)
        /// kubectl did not get ready in time.
        case timedOut
        /// Something on this machine failed: no temporary folder, no descriptors.
        case local
    }

    /// The kind of failure.
    public var code: Code
    /// kubectl's own words, or this project's where kubectl had none.
    public var message: String

    /// An error.
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// The message.
    public var description: String { self.message }

    /// kubectl's last words without its own `error: ` in front, so that the plugin's can stand there.
    static func message(fromStandardError text: String) -> String {
        let lines = text.split(whereSeparator: \.isNewline).map { line in
            ["error: ", "Error: "].reduce(line) { $0.hasPrefix($1) ? $0.dropFirst($1.count) : $0 }
        }
        return lines.last { !$0.isEmpty }.map(String.init) ?? "kubectl said nothing"
    }
}
