/// A session's identifier: ten characters of `a-z2-7`, 50 random bits. It is part of labels and object names.
public struct SessionID: Sendable, Hashable, CustomStringConvertible {
    /// The characters.
    public let description: String

    /// The length in characters.
    public static let length = 10

    private static let alphabet = Array("abcdefghijklmnopqrstuvwxyz234567")

    /// A new identifier.
    public static func random(using generator: inout some RandomNumberGenerator) -> SessionID {
        let characters = (0..<Self.length).map { _ in Self.alphabet[Int(generator.next(upperBound: UInt(32)))] }
        return SessionID(unchecked: String(characters))
    }

    /// A new identifier from the system's random numbers.
    public static func random() -> SessionID {
        var generator = SystemRandomNumberGenerator()
        return self.random(using: &generator)
    }

    /// An identifier from its text; `nil` when the text is none.
    public init?(_ text: String) {
        guard text.count == Self.length, text.allSatisfy(Self.alphabet.contains) else { return nil }
        self.description = text
    }

    private init(unchecked text: String) { self.description = text }
}
