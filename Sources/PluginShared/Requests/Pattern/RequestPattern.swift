/// A regular expression over a field's value, in time that grows with the value's length alone.
///
/// Rules are their authors', and run in a proxy that all share: a pattern that takes longer the longer one looks at it would
/// stop everybody's requests. So there is nothing that needs to go back: no back references, nothing that looks ahead.
///
/// Known are literals, `.`, `[a-z]`, `[^a-z]`, `\d \w \s \D \W \S \t`, a backslash before punctuation, `* + ?`, `{m}`, `{m,}`,
/// `{m,n}`, `|`, `( )`, `(?: )`, `^` and `$`. It matches anywhere in the value. Bytes are matched, so `.` is one byte of a
/// character that is not ASCII. Case counts.
struct RequestPattern: Hashable, Sendable {
    /// The most instructions of a pattern, which is about what `{m,n}` repeats.
    static let maximumInstructions = 1_000

    /// The pattern as it was written.
    let text: String
    private let program: PatternProgram

    /// Reads a pattern.
    ///
    /// - Throws: ``RequestRuleError`` that names what is not known, or is too much.
    init(_ text: String) throws(RequestRuleError) {
        let bytes = Array(text.utf8)
        guard !bytes.isEmpty else {
            throw RequestRuleError("a pattern is empty", hint: "`.` matches all but the empty value")
        }
        var parser = PatternParser(bytes)
        let node = try parser.parse()
        guard node.cost < Self.maximumInstructions else { throw parser.tooLong }
        self.text = text
        self.program = PatternProgram(node, sets: parser.sets)
    }

    /// Whether it matches anywhere in the value.
    ///
    /// - Parameter budget: How many steps it may take, and less by those that it took; a value that needs more does not match.
    ///   A step is one instruction at one byte, a few nanoseconds.
    func matches(_ value: UnsafeRawBufferPointer, budget: inout Int) -> Bool {
        PatternMachine.matches(self.program, value, budget: &budget)
    }

    static func == (left: RequestPattern, right: RequestPattern) -> Bool {
        left.text.utf8.elementsEqual(right.text.utf8)
    }

    func hash(into hasher: inout Hasher) {
        hasher.combine(Array(self.text.utf8))
    }
}
