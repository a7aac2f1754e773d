import Foundation

/// A page of the documentation, and the commands that it shows.
struct Document: Sendable {
    /// A fenced block of commands.
    struct Block: Sendable {
        /// What it needs that the local cluster has not: `krew`, `swift`, `registry`, `recording`; `nil` for nothing.
        var needs: String?
        var lines: [String]
    }

    static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// README.md and what is in docs/, decisions apart.
    static let all: [Document] = {
        let docs = Self.root.appendingPathComponent("docs")
        let pages = (try? FileManager.default.contentsOfDirectory(at: docs, includingPropertiesForKeys: nil)) ?? []
        let files = [Self.root.appendingPathComponent("README.md")] + pages.filter { $0.pathExtension == "md" }
        return files.compactMap(Document.init).sorted { $0.name < $1.name }
    }()

    let name: String
    let blocks: [Block]

    init?(_ file: URL) {
        guard let text = try? String(contentsOf: file, encoding: .utf8) else { return nil }
        self.name = file.lastPathComponent
        var blocks: [Block] = []
        var isInside = false
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("```") {
                isInside = line.hasPrefix("```sh")
                if isInside {
                    blocks.append(
                        Block(needs: line.split(separator: "needs=").dropFirst().first.map(String.init), lines: []))
                }
            } else if isInside, !line.isEmpty {
                blocks[blocks.count - 1].lines.append(String(line))
            }
        }
        self.blocks = blocks
    }
}
