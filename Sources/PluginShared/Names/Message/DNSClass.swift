/// The class of a record, or of a question.
public struct DNSClass: RawRepresentable, Hashable, Sendable {
    /// The number on the wire.
    public let rawValue: UInt16

    /// Any number is a class.
    public init(rawValue: UInt16) {
        self.rawValue = rawValue
    }

    /// The internet.
    public static let internet = DNSClass(rawValue: 1)
    /// In updates, an absence (RFC 2136 §2.4).
    public static let none = DNSClass(rawValue: 254)
    /// Any class: in questions and updates only.
    public static let any = DNSClass(rawValue: 255)
}
