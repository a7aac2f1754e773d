/// What is wrong with a DNS message, or with a value that should become one.
public enum DNSError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The message ends before the field does.
    case endOfMessage
    /// Bytes are left after the last record.
    case trailingBytes
    /// A compression pointer that does not point backwards.
    case badPointer
    /// A label that is empty, longer than 63 bytes, or of a type that RFC 1035 does not know.
    case badLabel
    /// A name longer than 255 bytes.
    case nameTooLong
    /// Text that is not a name.
    case badText
    /// Record data that does not fit its type.
    case badData(DNSRecordType)
    /// More than one OPT record, or one whose name is not the root (RFC 6891 §6.1.1).
    case badExtension
    /// A section has more than 65,535 records, record data is longer than 65,535 bytes, or the message than its limit.
    case tooLong
    /// A response code above 15 without EDNS.
    case codeNeedsExtension

    /// One line, without a period.
    public var description: String {
        switch self {
        case .endOfMessage: "the message ends early"
        case .trailingBytes: "bytes follow the last record"
        case .badPointer: "a compression pointer does not point backwards"
        case .badLabel: "a label is malformed"
        case .nameTooLong: "a name is longer than 255 bytes"
        case .badText: "the text is not a name"
        case .badData(let type): "malformed data of a record of type \(type)"
        case .badExtension: "malformed EDNS record"
        case .tooLong: "the message is too long"
        case .codeNeedsExtension: "a response code above 15 needs EDNS"
        }
    }
}
