import FoundationEssentials

/// A value that travels as one JSON text: in a pod's environment, or in an annotation.
public protocol JSONText: Codable {}

extension JSONText {
    /// Reads the text; `nil` when it says something else.
    public init?(json: String) {
        guard let value = Self.decoded(json) else { return nil }
        self = value
    }

    /// The text, the same for the same value.
    public var json: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(self) else { return "{}" }
        return String(decoding: data, as: UTF8.self)
    }

    static func decoded(_ json: String) -> Self? { try? JSONDecoder().decode(Self.self, from: Data(json.utf8)) }
}
