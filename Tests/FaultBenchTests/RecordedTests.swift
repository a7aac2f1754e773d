import FaultBench
import Foundation
import Testing

/// Histories that a chaos run has kept, checked again: for work on the checker.
@Suite struct RecordedTests {
    private static let file = ProcessInfo.processInfo.environment["CHAOS_HISTORY"]

    @Test("the history in $CHAOS_HISTORY", .enabled(if: Self.file != nil))
    func recorded() throws {
        let data = try Data(contentsOf: URL(fileURLWithPath: Self.file ?? ""))
        let found = Checker.violations(in: try JSONDecoder().decode(History.self, from: data))
        for violation in found { print(violation) }
        #expect(found.isEmpty, "\(Checker.summary(found))")
    }
}
