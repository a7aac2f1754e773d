/// What some bytes are to a message's body.
public enum BodyReading: Sendable, Hashable {
    /// All of them belong to the message, which goes on.
    case all
    /// The message ends behind so many of them.
    case end(byteCount: Int)
    /// It is not certain any more where the message ends. What came before belongs to it.
    case ambiguous(FramingAmbiguity)
}
