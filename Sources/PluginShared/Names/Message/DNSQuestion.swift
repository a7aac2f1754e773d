/// What a query asks for.
public struct DNSQuestion: Hashable, Sendable {
    /// The name, in the case of the query.
    public var name: DNSName
    /// The records that are asked for.
    public var type: DNSRecordType
    /// Nearly always the internet.
    public var recordClass: DNSClass

    /// A question.
    public init(name: DNSName, type: DNSRecordType, recordClass: DNSClass = .internet) {
        self.name = name
        self.type = type
        self.recordClass = recordClass
    }
}
