/// Which requests come to a session: those that meet all conditions.
///
/// Two rules are the same when their conditions are, in any order; so a session whose rule another one has is found out. As
/// text it is one word a condition, with spaces in between, and is read again as what it was: it goes into a Lease.
public struct RequestRule: Hashable, Sendable {
    /// The most conditions.
    public static let maximumConditions = 16
    /// The longest text, in bytes. A Lease carries it, and every proxy keeps those of all sessions.
    public static let maximumTextLength = 1_024
    /// The steps that the patterns of one rule may take over one request: 10 to 15 ms. Above, the request does not match, and
    /// goes where it went without the rule. A pattern of twenty instructions reads 64 KiB with a third of it.
    static let patternBudget = 4_000_000

    /// In the order of their text, none twice.
    public let conditions: [RequestCondition]

    /// A rule of conditions.
    ///
    /// - Throws: ``RequestRuleError`` where there is none, there are too many, or no request can meet all.
    public init(_ conditions: [RequestCondition]) throws(RequestRuleError) {
        var unique: [RequestCondition] = []
        for condition in conditions.sorted(by: { $0.text < $1.text }) where unique.last != condition {
            unique.append(condition)
        }
        guard !unique.isEmpty else {
            throw RequestRuleError("a rule has no condition", hint: "write --header NAME=VALUE or another one")
        }
        guard unique.count <= Self.maximumConditions else {
            throw RequestRuleError(
                "a rule has \(unique.count) conditions, and \(Self.maximumConditions) at most", hint: "leave some out")
        }
        guard unique.filter({ $0.kind == .method }).count <= 1 else {
            throw RequestRuleError("no request has two methods", hint: "give one --method: all conditions must hold")
        }
        self.conditions = unique
        guard self.text.utf8.count <= Self.maximumTextLength else {
            throw RequestRuleError(
                "a rule takes \(self.text.utf8.count) bytes, and \(Self.maximumTextLength) at most",
                hint: "shorten its values; what is not printable ASCII counts three bytes each")
        }
    }

    /// Reads what ``text`` is.
    ///
    /// - Throws: ``RequestRuleError``.
    public init(text: String) throws(RequestRuleError) {
        guard text.utf8.count <= Self.maximumTextLength else {
            throw RequestRuleError(
                "a rule takes \(text.utf8.count) bytes, and \(Self.maximumTextLength) at most",
                hint: "shorten its values")
        }
        var conditions: [RequestCondition] = []
        for word in text.split(separator: " ") { conditions.append(try RequestCondition(text: word)) }
        try self.init(conditions)
    }

    /// The rule as one line of printable ASCII, `header:x-user=alice path:/api`, at most 1 KiB. The same for the same rules.
    public var text: String { self.conditions.map(\.text).joined(separator: " ") }

    /// Whether a request meets all conditions.
    public func matches(_ head: RequestHead) -> Bool {
        var budget = Self.patternBudget
        return head.fields.bytes.withUnsafeBytes { bytes in
            for condition in self.conditions where !condition.isMet(by: head, bytes, &budget) { return false }
            return true
        }
    }
}

extension RequestRule: Codable {
    /// Reads a rule's text.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        do throws(RequestRuleError) {
            try self.init(text: text)
        } catch {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: error.summary)
        }
    }

    /// Writes the rule's text.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(self.text)
    }
}
