@testable import Requests

/// Rules as users type them and as Leases carry them, and requests that are held against them.
enum RuleFuzz {
    static func run(_ bytes: [UInt8]) throws(FuzzFailure) {
        let parts = bytes.split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false)
        let text = String(decoding: parts.first ?? [], as: UTF8.self)
        let rest = Array(parts.dropFirst().first ?? [])
        if let rule = try? RequestRule(text: text) { try Self.check(rule, rest) }
        for kind in RequestCondition.Kind.allCases {
            guard let condition = try? RequestCondition(kind, text), let rule = try? RequestRule([condition]) else {
                continue
            }
            try Self.check(rule, rest)
        }
        guard let pattern = try? RequestPattern(text) else { return }
        var budget = Int.max
        let isMatch = rest.withUnsafeBytes { pattern.matches($0, budget: &budget) }
        let steps = Int.max - budget
        try FuzzFailure.expect(
            steps <= (rest.count + 1) * RequestPattern.maximumInstructions, "\(steps) steps over \(rest.count) bytes")
        var same = steps
        let isAgain = rest.withUnsafeBytes { pattern.matches($0, budget: &same) }
        try FuzzFailure.expect(isAgain == isMatch && same == 0, "another result in as many steps")
    }

    private static func check(_ rule: RequestRule, _ request: [UInt8]) throws(FuzzFailure) {
        let text = rule.text
        try FuzzFailure.expect(text.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F }, "\(text) is not printable")
        try FuzzFailure.expect(text.utf8.count <= RequestRule.maximumTextLength, "\(text) is too long")
        guard let again = try? RequestRule(text: text) else {
            throw FuzzFailure(description: "\(text) cannot be read again")
        }
        try FuzzFailure.expect(again == rule && again.text == text, "\(text) has become \(again.text)")
        var reader = RequestHeadReader()
        guard case .head(let head) = request.withUnsafeBytes({ reader.read($0) }) else { return }
        try FuzzFailure.expect(rule.matches(head) == again.matches(head), "\(text) matches another request")
    }
}
