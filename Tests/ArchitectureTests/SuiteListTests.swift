import Foundation
import Testing

/// Which end-to-end suites run alone is a list in Tests/suites.
@Suite struct SuiteListTests {
    private static func text(_ path: String) throws -> String {
        try String(contentsOf: ImportTests.root.appendingPathComponent(path), encoding: .utf8)
    }

    private static func listed() throws -> Set<String> {
        let script = try Self.text("Tests/suites")
        let list = try #require(script.firstMatch(of: /ALONE = \[([^\]]*)\]/)).output.1
        return Set(list.matches(of: /"(\w+)"/).map { String($0.output.1) })
    }

    private static func suites() throws -> [(name: Substring, text: String)] {
        let folder = ImportTests.root.appendingPathComponent("Tests/EndToEnd")
        let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
        return try files.filter { $0.pathExtension == "swift" }.flatMap { file in
            let text = try String(contentsOf: file, encoding: .utf8)
            return text.matches(of: /@Suite struct (\w+)/).map { ($0.output.1, text) }
        }
    }

    @Test("a suite that stops a part of the cluster runs alone")
    func alone() throws {
        let alone = try Self.listed()
        #expect(alone.count > 3)
        for suite in try Self.suites() where suite.text.contains(/Component\.\w+\.|Kubelet\.(restart|withOther)/) {
            #expect(alone.contains(String(suite.name)), "\(suite.name)")
        }
    }

    @Test("the list names suites that exist, each file has one")
    func names() throws {
        let names = try Self.suites().map { String($0.name) }
        for suite in try Self.listed() { #expect(names.contains(suite), "\(suite)") }
        #expect(Set(names).count == names.count)
    }
}
