/// Reads the word behind a condition's flag.
struct ConditionWords {
    private let kind: RequestCondition.Kind
    private let word: [UInt8]

    init(_ kind: RequestCondition.Kind, _ word: [UInt8]) {
        self.kind = kind
        self.word = word
    }

    /// The condition, and its canonical text.
    func read() throws(RequestRuleError) -> (RequestCondition.Test, String) {
        guard self.word.count <= RequestRule.maximumTextLength else {
            throw self.error("is longer than \(RequestRule.maximumTextLength) bytes", "shorten it")
        }
        guard !self.word.contains(where: \.isControl) else {
            throw self.error("has a control character", "leave it out: a request cannot have it there")
        }
        switch self.kind {
        case .header: return try self.header()
        case .path: return try self.path()
        case .method:
            guard !self.word.isEmpty, self.word.count <= CallerProtocol.maximumMethodLength,
                self.word.allSatisfy(\.isToken)
            else { throw self.error("is no method", "write GET, POST or another one") }
            let method = self.word.map { $0 >= 0x61 && $0 <= 0x7A ? $0 & 0xDF : $0 }
            return (.method(method), self.text(method))
        case .query:
            let (name, value) = try self.pair(isName: { !$0.isEmpty }, "a parameter's name")
            return (.query(name: name, value: value), self.text(self.word))
        case .cookie:
            let (name, value) = try self.pair("a cookie's name")
            guard !value.contains(where: { $0.isWhitespace || $0 == UInt8(ascii: ";") }) else {
                throw self.error("has a value that no cookie can have", "leave out spaces and `;`")
            }
            return (.cookie(name: name, value: value), self.text(self.word))
        case .baggage:
            let (key, value) = try self.pair("a key of baggage")
            return (.baggage(key: key, value: value), self.text(self.word))
        case .personal:
            let user = Self.trimmed(self.word)
            guard !user.isEmpty else { throw self.error("names nobody", "write --personal USER") }
            return (.personal(key: Array(RequestCondition.personalName.utf8), user: user), self.text(user))
        }
    }

    private func header() throws(RequestRuleError) -> (RequestCondition.Test, String) {
        let (equals, tilde) = (UInt8(ascii: "="), UInt8(ascii: "~"))
        // A name could have a tilde, too: none that is in use does.
        guard let sign = self.word.firstIndex(where: { $0 == equals || $0 == tilde }) else {
            throw self.error("has no value", "write --header NAME=VALUE or --header NAME~REGEX")
        }
        let name = self.word[..<sign].map(\.lowercased)
        guard !name.isEmpty, name.allSatisfy(\.isToken) else { throw self.badName("a header's name") }
        let rest = Array(self.word[(sign + 1)...])
        if self.word[sign] == tilde {
            let pattern = try RequestPattern(String(decoding: rest, as: UTF8.self))
            return (.pattern(name: name, pattern), self.text(name + [tilde] + rest))
        }
        let value = Self.trimmed(rest)
        return (.header(name: name, value: value), self.text(name + [equals] + value))
    }

    private func path() throws(RequestRuleError) -> (RequestCondition.Test, String) {
        guard self.word.first == UInt8(ascii: "/") else {
            throw self.error("does not begin with a slash", "write --path /api")
        }
        guard let prefix = PathPrefix(self.word) else {
            throw self.error(
                "has a character that no path has",
                "percent-encode spaces, and `%` as %25; for a query there is --query NAME=VALUE")
        }
        return (.path(prefix), self.text(prefix.text.utf8))
    }

    private func pair(
        isName: ([UInt8]) -> Bool = { !$0.isEmpty && $0.allSatisfy(\.isToken) }, _ what: String
    ) throws(RequestRuleError) -> (name: [UInt8], value: [UInt8]) {
        guard let sign = self.word.firstIndex(of: UInt8(ascii: "=")) else {
            throw self.error("has no value", "write --\(self.kind.rawValue) NAME=VALUE")
        }
        let name = Array(self.word[..<sign])
        guard isName(name) else { throw self.badName(what) }
        return (name, Array(self.word[(sign + 1)...]))
    }

    private func badName(_ what: String) -> RequestRuleError {
        self.error("does not begin with \(what)", "write --\(self.kind.rawValue) NAME=VALUE")
    }

    private func error(_ what: String, _ hint: String) -> RequestRuleError {
        RequestRuleError("--\(self.kind.rawValue) \"\(RuleText.quoted(self.word))\" \(what)", hint: hint)
    }

    private func text(_ bytes: some Sequence<UInt8>) -> String {
        "\(self.kind.rawValue):\(RuleText.escaped(bytes))"
    }

    /// Without spaces at its ends: no field's value has them.
    private static func trimmed(_ bytes: [UInt8]) -> [UInt8] {
        bytes.withUnsafeBytes { buffer in Array(buffer[buffer.trimmed(0..<buffer.count)]) }
    }
}
