import FaultBench
import Foundation

/// A program that runs beside a test, spoken to line by line.
final class Program: @unchecked Sendable {
    private let process = Process()
    private let input = Pipe()
    private let output = Pipe()
    private var rest: [UInt8] = []

    /// Starts it.
    ///
    /// - Parameter errors: What it says on its standard error; without one, nobody hears it.
    init(_ words: [String], environment: [String: String] = [:], errors: URL? = nil) throws {
        self.process.executableURL = URL(filePath: "/usr/bin/env")
        self.process.arguments = words
        self.process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        self.process.standardInput = self.input
        self.process.standardOutput = self.output
        self.process.standardError = FileHandle.nullDevice
        if let errors {
            _ = FileManager.default.createFile(atPath: errors.path, contents: nil)
            self.process.standardError = try FileHandle(forWritingTo: errors)
        }
        try self.process.run()
    }

    /// Starts one that ends, with all that it starts, when it is told to, or when this process ends.
    static func server(_ words: [String], environment: [String: String], errors: URL) throws -> Program {
        let life = #"set -m; "$@" </dev/null >&2 & read -r; kill -9 -- "-$!"; wait"#
        return try Program(["bash", "-c", life, "_"] + words, environment: environment, errors: errors)
    }

    /// The next line of its output; `nil` once there is none.
    func line() async throws -> String? {
        try await blocking {
            while true {
                if let end = self.rest.firstIndex(of: 10) {
                    defer { self.rest.removeFirst(end + 1) }
                    return String(decoding: self.rest[..<end], as: UTF8.self)
                }
                let bytes = self.output.fileHandleForReading.availableData
                if bytes.isEmpty { return nil }
                self.rest += bytes
            }
        }
    }

    /// Says a line to it.
    func say(_ line: String) throws { try self.input.fileHandleForWriting.write(contentsOf: Data("\(line)\n".utf8)) }

    /// Ends its input, and waits until it has ended.
    func end() async {
        try? self.input.fileHandleForWriting.close()
        _ = try? await blocking { self.process.waitUntilExit() }
    }

    /// All that a program says until it ends.
    static func run(_ words: [String]) async throws -> String {
        let program = try Program(words)
        var lines: [String] = []
        while let line = try await program.line() { lines.append(line) }
        await program.end()
        return lines.joined(separator: "\n")
    }
}
