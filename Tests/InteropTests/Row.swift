import Foundation

/// What one client saw of one question.
struct Row: Decodable, Sendable {
    var caller: String
    var check: String
    /// Whose request it was, and what had happened.
    var `case`: String
    /// Who has to answer.
    var wanted: String
    /// Who did, or what was wrong.
    var got: String?
    var http2: Bool

    var isRight: Bool { self.got == self.wanted }

    /// Whether it is what is not there yet: a request of HTTP/2 that a rule would have sent elsewhere, and all else as it should be.
    var isNotYet: Bool { self.http2 && !Tools.readsHTTP2 && !self.isRight && self.got == "origin" }
}

/// Rows as people read them: a line for each client, a column for each case, with how many questions were answered by whom.
enum RowTable {
    static func text(_ title: String, _ rows: [Row]) -> String {
        let cases = ["nobody's", "mine", "bob's", "gone", "away", "back"]
        var callers: [String] = []
        for row in rows where !callers.contains(row.caller) { callers.append(row.caller) }
        func line(_ words: [String]) -> String {
            zip(words, [25] + cases.map { _ in 10 }).map { word, width in
                word.padding(toLength: max(width, word.count + 1), withPad: " ", startingAt: 0)
            }.joined()
        }
        return
            ([line([title] + cases)]
            + callers.map { caller in
                line(
                    [caller] + cases.map { name in Self.cell(rows.filter { $0.caller == caller && $0.case == name }) })
            }).joined(separator: "\n")
    }

    private static func cell(_ rows: [Row]) -> String {
        let wrong = rows.count { !$0.isRight && !$0.isNotYet }
        guard wrong == 0 else { return "\(wrong) WRONG" }
        guard let row = rows.first else { return "" }
        return rows.contains(where: \.isNotYet) ? "not yet" : "\(rows.count) \(row.wanted)"
    }
}
