import Foundation
import Testing

/// The documentation keeps what it promises.
@Suite struct DocumentTests {
    private static let pages: [URL] = {
        let docs = ImportTests.root.appendingPathComponent("docs")
        let files =
            FileManager.default.enumerator(at: docs, includingPropertiesForKeys: nil)?.compactMap { $0 as? URL } ?? []
        return files.filter { $0.pathExtension == "md" }
            + ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"].map(ImportTests.root.appendingPathComponent)
    }()

    private static func text(_ file: URL) throws -> String { try String(contentsOf: file, encoding: .utf8) }

    @Test("README.md has at most 9,000 characters")
    func length() throws {
        #expect(try Self.text(ImportTests.root.appendingPathComponent("README.md")).count <= 9_000)
    }

    @Test("links to files of the project lead somewhere")
    func links() throws {
        #expect(Self.pages.count > 40)
        for page in Self.pages {
            for match in try Self.text(page).matches(of: /\]\(([^)#:]+)(#[^)]*)?\)/) {
                let target = page.deletingLastPathComponent().appendingPathComponent(String(match.output.1))
                #expect(
                    FileManager.default.fileExists(atPath: target.path), "\(page.lastPathComponent): \(match.output.0)")
            }
        }
    }

    @Test("a block of commands that no test runs says what it needs")
    func needs() throws {
        let known: Set<Substring> = ["krew", "swift", "registry", "recording"]
        for page in Self.pages {
            for match in try Self.text(page).matches(of: /```sh([^\n]*)\n/) where !match.output.1.isEmpty {
                let needs = match.output.1.dropFirst(" needs=".count)
                #expect(match.output.1.hasPrefix(" needs=") && known.contains(needs), "\(page.lastPathComponent)")
            }
        }
    }

    @Test("a decision says what was decided, measured and rejected, and stands in ARCHITECTURE.md")
    func decisions() throws {
        let index = try Self.text(ImportTests.root.appendingPathComponent("ARCHITECTURE.md"))
        let decisions = Self.pages.filter { $0.path.contains("/decisions/") }
        #expect(decisions.count > 30)
        for page in decisions {
            let text = try Self.text(page)
            for heading in ["## Decision\n", "## Measured\n", "## Rejected\n"] {
                #expect(text.contains(heading), "\(page.lastPathComponent): \(heading)")
            }
            #expect(index.contains("docs/decisions/\(page.lastPathComponent)"), "\(page.lastPathComponent)")
        }
    }
}
