import Foundation

/// The saved inputs of each target: `Corpus/TARGET/NAME.txt` as it is, `Corpus/TARGET/NAME.hex` as hexadecimal digits.
enum FuzzCorpus {
    private static let folder = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Corpus")

    /// A target's inputs, by name.
    static func load(_ target: FuzzTarget) throws -> [(name: String, bytes: [UInt8])] {
        let files = try FileManager.default.contentsOfDirectory(
            at: self.folder.appendingPathComponent(target.name), includingPropertiesForKeys: nil)
        return try files.sorted { $0.lastPathComponent < $1.lastPathComponent }.map { file in
            let bytes = [UInt8](try Data(contentsOf: file))
            return (file.lastPathComponent, file.pathExtension == "hex" ? Self.unhex(bytes) : bytes)
        }
    }

    /// Pairs of digits, whatever stands between them; a line's rest behind `#` is a comment.
    private static func unhex(_ text: [UInt8]) -> [UInt8] {
        let digits = text.split(separator: UInt8(ascii: "\n")).flatMap { line in
            line.prefix { $0 != UInt8(ascii: "#") }.compactMap { Character(Unicode.Scalar($0)).hexDigitValue }
        }
        return stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    }
}
