import Foundation
import Testing

/// The table of failures names tests that exist.
@Suite struct FailureTableTests {
    @Test("every test that Tests/EndToEnd/FAILURES.md names exists")
    func names() throws {
        let folder = ImportTests.root.appendingPathComponent("Tests/EndToEnd")
        let table = try String(contentsOf: folder.appendingPathComponent("FAILURES.md"), encoding: .utf8)
        let pattern = try Regex("`([A-Za-z]+Tests)/([A-Za-z]+)`", as: (Substring, Substring, Substring).self)
        let named = table.matches(of: pattern)
        #expect(named.count > 30)
        for match in named {
            let file = folder.appendingPathComponent("\(match.output.1).swift")
            let text = (try? String(contentsOf: file, encoding: .utf8)) ?? ""
            #expect(text.contains("func \(match.output.2)("), "\(match.output.0)")
        }
    }

    @Test("every kind of fault is in the table")
    func kinds() throws {
        let root = ImportTests.root.appendingPathComponent("Tests")
        let table = try String(contentsOf: root.appendingPathComponent("EndToEnd/FAILURES.md"), encoding: .utf8)
        let source = try String(contentsOf: root.appendingPathComponent("FaultBench/FaultKind.swift"), encoding: .utf8)
        let cases = source.split(separator: "\n").prefix { !$0.contains("var ") }
            .filter { $0.hasPrefix("    case ") }
            .flatMap { $0.dropFirst(9).split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) } }
        #expect(cases.count > 30)
        // Those that end a session as it should end are no failures.
        let ordinary: Set = [
            "interrupt", "terminate", "localRestart", "apiChildKill", "apiChildPause", "forwardKill",
            "forwardPause", "deleteOriginalPod",
        ]
        for kind in cases where !ordinary.contains(kind) { #expect(table.contains(kind), "\(kind)") }
    }
}
