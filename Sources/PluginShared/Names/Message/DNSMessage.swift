/// A DNS message: a query or a response.
public struct DNSMessage: Hashable, Sendable {
    /// The longest message over UDP when the client does not say that it takes longer ones (RFC 1035 §4.2.1), in bytes.
    public static let minimumPayloadSize = 512
    /// The longest message at all, in bytes: TCP has a length of 16 bits.
    public static let maximumSize = 65_535

    /// What a response has in common with its query.
    public var id: UInt16
    /// Whether this is a response.
    public var isResponse: Bool
    /// The kind of query, 0 to 15: 0 is the usual one.
    public var operation: UInt8
    /// AA: the server has authority over the name.
    public var isAuthoritative: Bool
    /// TC: the message was cut; the whole is to be had over TCP.
    public var isTruncated: Bool
    /// RD: the server is asked to find the answer elsewhere.
    public var recursionDesired: Bool
    /// RA: the server would.
    public var recursionAvailable: Bool
    /// AD (RFC 4035 §3.2.3).
    public var isAuthentic: Bool
    /// CD (RFC 4035 §3.2.2).
    public var checkingDisabled: Bool
    /// How the query went, with EDNS's upper 8 bits.
    public var code: DNSResponseCode
    /// What is asked for: one question, as a rule.
    public var questions: [DNSQuestion]
    /// Records that answer the question.
    public var answers: [DNSRecord]
    /// Records of the zone that is responsible.
    public var authorities: [DNSRecord]
    /// Records that may be of use, without the OPT record.
    public var additionals: [DNSRecord]
    /// What the OPT record says, if there is one.
    public var ednsExtension: DNSExtension?

    /// A message; by default a recursive query.
    public init(
        id: UInt16, isResponse: Bool = false, operation: UInt8 = 0, isAuthoritative: Bool = false,
        isTruncated: Bool = false, recursionDesired: Bool = true, recursionAvailable: Bool = false,
        isAuthentic: Bool = false, checkingDisabled: Bool = false, code: DNSResponseCode = .success,
        questions: [DNSQuestion] = [], answers: [DNSRecord] = [], authorities: [DNSRecord] = [],
        additionals: [DNSRecord] = [], ednsExtension: DNSExtension? = nil
    ) {
        self.id = id
        self.isResponse = isResponse
        self.operation = operation & 0x0F
        self.isAuthoritative = isAuthoritative
        self.isTruncated = isTruncated
        self.recursionDesired = recursionDesired
        self.recursionAvailable = recursionAvailable
        self.isAuthentic = isAuthentic
        self.checkingDisabled = checkingDisabled
        self.code = code
        self.questions = questions
        self.answers = answers
        self.authorities = authorities
        self.additionals = additionals
        self.ednsExtension = ednsExtension
    }

    /// A response to this query, without records: same id, question, operation, RD and CD; EDNS when the query has it.
    public func response(_ code: DNSResponseCode) -> DNSMessage {
        DNSMessage(
            id: self.id, isResponse: true, operation: self.operation, recursionDesired: self.recursionDesired,
            recursionAvailable: true, checkingDisabled: self.checkingDisabled, code: code, questions: self.questions,
            ednsExtension: self.ednsExtension.map { DNSExtension(flags: $0.flags & 0x8000) })
    }

    /// The longest response that the sender of this query takes over UDP, in bytes.
    public var payloadSize: Int {
        max(Self.minimumPayloadSize, Int(self.ednsExtension?.payloadSize ?? 0))
    }
}
