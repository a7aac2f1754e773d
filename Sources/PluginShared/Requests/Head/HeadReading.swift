/// What the bytes of a head came to.
public enum HeadReading<Head: Sendable>: Sendable {
    /// More bytes are needed.
    case incomplete
    /// The whole head; it knows how many bytes it took.
    case head(Head)
    /// It is not certain where the message ends, and from here on nothing of this connection is.
    case ambiguous(FramingAmbiguity)
}
