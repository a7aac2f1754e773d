/// One thing that a request has to have.
public struct RequestCondition: Hashable, Sendable {
    /// What a condition is about; also the name of its flag.
    public enum Kind: String, Sendable, CaseIterable {
        /// `NAME=VALUE`, or `NAME~REGEX` with a ``RequestPattern``: any of the fields of this name. The name's case does not
        /// count, the value's does. A field's value is compared as a whole, even where it is a list.
        case header
        /// `PREFIX`: this path and what is below it, segment by segment: `/api` is not `/apix`, and `/api/` only what is
        /// below. As it comes, but that unreserved characters are the same percent-encoded and not (RFC 3986 §6.2.2.2).
        case path
        /// `METHOD`: in upper case, however it was typed.
        case method
        /// `NAME=VALUE`: any parameter of the query, percent-decoded and with `+` for a space.
        case query
        /// `NAME=VALUE`: any cookie. Cases count, and nothing is decoded.
        case cookie
        /// `KEY=VALUE`: any member of W3C Baggage, its value percent-decoded, whatever its properties.
        case baggage
        /// `USER`: the header or the baggage ``RequestCondition/personalName`` with this value.
        case personal
    }

    /// The header, and the key of baggage, by which a request says whose it is.
    public static let personalName = "kubectl-tunnel"

    enum Test: Hashable, Sendable {
        /// The name is in lower case.
        case header(name: [UInt8], value: [UInt8])
        case pattern(name: [UInt8], RequestPattern)
        case path(PathPrefix)
        case method([UInt8])
        case query(name: [UInt8], value: [UInt8])
        case cookie(name: [UInt8], value: [UInt8])
        case baggage(key: [UInt8], value: [UInt8])
        /// The key is ``RequestCondition/personalName``.
        case personal(key: [UInt8], user: [UInt8])
    }

    /// What it is about.
    public let kind: Kind
    let test: Test
    /// The condition as a word of a rule's text, `header:x-user=alice`: printable ASCII without spaces. Conditions that mean
    /// the same by their definition have the same.
    public let text: String

    /// Reads a condition as it is typed behind its flag.
    ///
    /// - Throws: ``RequestRuleError`` that names the flag and the word.
    public init(_ kind: Kind, _ word: String) throws(RequestRuleError) {
        let words = ConditionWords(kind, Array(word.utf8))
        (self.test, self.text) = try words.read()
        self.kind = kind
    }

    /// Reads what ``text`` is.
    ///
    /// - Throws: ``RequestRuleError`` that names the word.
    init(text: Substring) throws(RequestRuleError) {
        let quoted = RuleText.quoted(Array(text.utf8))
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard let kind = parts.first.flatMap({ Kind(rawValue: String($0)) }), parts.count == 2 else {
            throw RequestRuleError(
                "the condition \"\(quoted)\" is not known", hint: "is it of a newer version of this plugin?")
        }
        guard let bytes = RuleText.unescaped(parts[1].utf8), let word = String(validating: bytes, as: UTF8.self) else {
            throw RequestRuleError(
                "the condition \"\(quoted)\" is not encoded as it should be", hint: "start its session again")
        }
        try self.init(kind, word)
    }
}
