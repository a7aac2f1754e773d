/// A resource record.
public struct DNSRecord: Hashable, Sendable {
    /// Whose record it is.
    public var name: DNSName
    /// What the data are.
    public var type: DNSRecordType
    /// Nearly always the internet.
    public var recordClass: DNSClass
    /// How long the record may be kept, in seconds; what is read is at most 2³¹ − 1 (RFC 2181 §8).
    public var timeToLive: UInt32
    /// The data.
    public var data: DNSRecordData

    /// A record whose data have a type of their own.
    ///
    /// `type` is needed for ``DNSRecordData/raw(_:)`` only, and 0 stands for it when it is left out.
    public init(
        name: DNSName, type: DNSRecordType? = nil, recordClass: DNSClass = .internet, timeToLive: UInt32,
        data: DNSRecordData
    ) {
        self.name = name
        self.type = data.type ?? type ?? DNSRecordType(rawValue: 0)
        self.recordClass = recordClass
        self.timeToLive = timeToLive
        self.data = data
    }
}
