/// A line in parts, each of which may have a colour.
public struct StyledText: Sendable, Equatable {
    /// What a part is to the reader.
    public enum Style: Sendable {
        case plain
        /// Of less interest.
        case faint
        case good
        case neutral
        case doubtful
        case bad

        /// The parameters of SGR (ECMA-48 §8.3.117).
        fileprivate var code: String? {
            switch self {
            case .plain: nil
            case .faint: "2"
            case .good: "32"
            case .neutral: "36"
            case .doubtful: "33"
            case .bad: "31"
            }
        }
    }

    private struct Part: Sendable, Equatable {
        var text: String
        var style: Style
    }

    private var parts: [Part] = []

    /// A line without text.
    public init() {}

    /// Adds a part. Nothing of it reaches a terminal as it is: see ``Swift/String/printableLine``.
    public mutating func append(_ text: String, _ style: Style = .plain) {
        self.parts.append(Part(text: text.printableLine, style: style))
    }

    /// The line.
    ///
    /// - Parameter isColored: Whether colours are shown.
    public func text(isColored: Bool) -> String {
        self.parts.map { part in
            guard isColored, let code = part.style.code else { return part.text }
            return "\u{1B}[\(code)m\(part.text)\u{1B}[0m"
        }.joined()
    }
}
