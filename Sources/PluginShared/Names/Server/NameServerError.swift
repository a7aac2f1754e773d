/// What can go wrong with answering.
public enum NameServerError: Error, Hashable, Sendable, CustomStringConvertible {
    /// No server gave an answer in time.
    case noAnswer
    /// What came is not a response to the query.
    case strangeResponse
    /// An address could not be listened on, with the reason.
    case cannotListen(String)

    /// One line, lowercase, without a period.
    public var description: String {
        switch self {
        case .noAnswer: "no name server answered in time"
        case .strangeResponse: "a name server answered something else"
        case .cannotListen(let reason): reason
        }
    }
}
